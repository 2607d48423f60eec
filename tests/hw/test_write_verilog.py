"""What is changed in the Verilog that Amaranth writes."""

from hw.top.write_verilog import complete_cases

NESTED = """\
  always @* begin
    x = 1'h0;
    casez (a)
      1'h0:
        (* full_case = 32'd1 *)
        casez (b)
          1'h0:
              x = 1'h1;
          default:
              x = c;
        endcase
    endcase
  end
"""


def test_only_cases_without_a_default_get_one() -> None:
    empty = "      default:\n          /* empty */;\n"
    before, after = NESTED.split("    endcase\n  end\n", maxsplit=1)[0], "    endcase\n  end\n"
    assert complete_cases(NESTED) == before + empty + after


def test_a_default_of_the_case_around_does_not_count() -> None:
    text = "case (a)\ndefault:\ncasez (b)\n1'h0:\nx = 1;\nendcase\nendcase\n"
    assert complete_cases(text).count("default:") == 2
