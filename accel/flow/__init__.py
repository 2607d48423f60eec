"""What the commands do, from a run's training to its report."""
