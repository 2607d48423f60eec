"""Names of the layers, the same in Keras, network and reports, and how they are folded."""

from accel.model_config import AnyModel, MlpModel

INPUT = "window"
INPUT_QUANTIZER = "window_quantizer"
OUTPUT = "forecast"
OUTPUT_QUANTIZER = "forecast_quantizer"

HlsSettings = dict[str, dict[str, object]]


def dense_name(position: int) -> str:
    """Return the name of the hidden dense layer at `position`, from 0."""
    return f"dense_{position + 1}"


def relu_name(position: int) -> str:
    """Return the name of the activation behind `dense_name(position)`."""
    return f"relu_{position + 1}"


def hls_settings(model: AnyModel) -> HlsSettings:
    """Return the folding of a configuration as the ``hls_config`` of ``accel.convert``."""
    *hidden, output = model.dense_reuse
    layers: dict[str, object] = {
        dense_name(n): {"ReuseFactor": factor} for n, factor in enumerate(hidden)
    }
    layers[OUTPUT] = {"ReuseFactor": output}
    if not isinstance(model, MlpModel):
        recurrent: dict[str, object] = {
            "ReuseFactor": model.reuse.input,
            "RecurrentReuseFactor": model.reuse.recurrent,
        }
        if model.delta is not None:
            recurrent |= {
                "InputThreshold": model.delta.input,
                "StateThreshold": model.delta.state,
            }
        layers[model.family] = recurrent
    whole: dict[str, object] = {"Strategy": model.strategy.capitalize()}
    if model.skip_zeros:
        whole["SkipZeros"] = True
    return {"Model": whole, "LayerName": layers}
