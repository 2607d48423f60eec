"""Transfer: the weights of a forecaster that was trained on other data, adapted with few rows.

Scaling comes from each data set's own training rows, so that only the shapes must be the same.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from accel.compression.method import Changed, Method
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras


class Transfer(Method):
    """``method = "transfer"``, the first of the methods.

    Parameters
    ----------
    run
        Folder of the run whose weights are taken.
    layers
        Layers to take; without, all.
    freeze
        Layers that do not learn any more.
    epochs, learning_rate
        Of the training behind it.
    """

    begins: ClassVar[bool] = True

    method: Literal["transfer"]
    run: Annotated[Path, Field(strict=False)]
    layers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    freeze: Annotated[tuple[str, ...], Field(strict=False)] = ()
    epochs: Annotated[int, Field(ge=0)] = 10
    learning_rate: Annotated[float, Field(gt=0)] = 0.002

    def located(self, folder: Path) -> Self:
        return self.model_copy(update={"run": folder / self.run})

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.keras_models.files import load_model
        from accel.training.result import MODEL_FILE

        file = self.run / MODEL_FILE
        if not file.is_file():
            raise ChronogateError(
                f"compress method 'transfer': there is no {file}: train the forecaster to begin "
                "with, and name its folder as run"
            )
        source = {layer.name: layer for layer in load_model(file).layers if layer.weights}
        own = {layer.name: layer for layer in model.layers if layer.weights}
        for name in (*self.layers, *self.freeze):
            if name not in own:
                raise ChronogateError(
                    f"compress method 'transfer': {name!r} is no layer with weights: use some of "
                    f"{', '.join(own)}"
                )
        for name in self.layers or own:
            theirs = [] if name not in source else source[name].get_weights()
            found = [tuple(array.shape) for array in theirs]
            wanted = [tuple(array.shape) for array in own[name].get_weights()]
            if found != wanted:
                raise ChronogateError(
                    f"compress method 'transfer': layer {name!r} of {self.run} has weights of the "
                    f"shapes {found}, not {wanted}: train that run with the same [model], "
                    "look_back, horizon and number of features, or name the layers to take"
                )
            own[name].set_weights(theirs)
        begun = lesson.error(model)
        for name in self.freeze:
            own[name].trainable = False
        lesson.train_on(model, self.epochs, self.learning_rate)
        return Changed(model, {"validation_unadapted": begun})


METHOD = Transfer
