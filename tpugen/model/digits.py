"""A small trained network and its data: handwritten digits, the set that scikit-learn ships.

1,797 images of 8x8 pixels with values 0..16 in ten classes (E. Alpaydin and C. Kaynak, Optical Recognition of
Handwritten Digits, UCI Machine Learning Repository, 1998). One half trains a perceptron with one hidden layer
(64-32-10, ReLU), the other half is kept for the test. Training takes about a second, is done at the first use, and is
kept in the cache folder under the hash of all that decides it.
"""

from __future__ import annotations

import hashlib
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from tpugen.errors import ToolMissingError
from tpugen.paths import cache_dir
from tpugen.storage import sha256_json, write_bytes_atomic

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.int64]

__all__ = ["SPLIT_SEED", "TEST_SHARE", "Digits", "Network", "load_digits", "trained_network"]

SPLIT_SEED = 1
"""Seed of the split into training and test images, and of the weights that training begins with."""

TEST_SHARE = 0.5
"""Share of the images that training never sees; drawn so that every class has the same share."""

_PIXEL_MAX = 16.0
_HIDDEN = 32
_WEIGHT_DECAY = 1.0
_ITERATIONS = 200


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 pixels in 0..1, and which digit each shows.

    Attributes:
        train_images: Shape (898, 64).
        train_labels: Shape (898,).
        test_images: Shape (899, 64).
        test_labels: Shape (899,).
    """

    train_images: Floats
    train_labels: Labels
    test_images: Floats
    test_labels: Labels


@dataclass(frozen=True)
class Network:
    """A perceptron: `relu(x @ weights[0] + biases[0]) @ weights[1] + biases[1]`, the largest output is the answer.

    Attributes:
        weights: Shapes (64, 32) and (32, 10).
        biases: Shapes (32,) and (10,).
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the hash of all weights and biases."""
        digest = hashlib.sha256()
        for array in (*self.weights, *self.biases):
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]

    def layer_inputs(self, images: Floats) -> list[Floats]:
        """What each layer gets as input: the images, then what the hidden layer gives."""
        import numpy as np

        values = [images]
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values.append(np.maximum(values[-1] @ weights + biases, 0.0))
        return values

    def predict(self, images: Floats) -> Labels:
        """The digit of each image, in floating point."""
        outputs = self.layer_inputs(images)[-1] @ self.weights[-1] + self.biases[-1]
        answers: Labels = outputs.argmax(axis=1)
        return answers


@cache
def load_digits() -> Digits:
    """The images, split.

    Raises:
        ToolMissingError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as load
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ToolMissingError(
            f"the digits come with scikit-learn, which cannot be imported: {error}", hint="pip install scikit-learn"
        ) from error
    images, labels = load(return_X_y=True)
    parts = train_test_split(
        images / _PIXEL_MAX, labels, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=labels
    )
    return Digits(train_images=parts[0], train_labels=parts[2], test_images=parts[1], test_labels=parts[3])


@cache
def trained_network() -> Network:
    """The trained network, from the cache folder where it is there and whole.

    Raises:
        ToolMissingError: scikit-learn is not installed.
        StorageError: the cache folder cannot be written.
    """
    path = cache_dir() / "networks" / f"digits-{_recipe_hash(load_digits())[:16]}.npz"
    network = _read(path)
    if network is None:
        network = _train(load_digits())
        write_bytes_atomic(path, _packed(network))
    return network


def _recipe_hash(digits: Digits) -> str:
    """Hash of what decides the weights: data, settings, versions of the libraries that train."""
    from importlib.metadata import version

    data = hashlib.sha256(digits.train_images.tobytes() + digits.train_labels.tobytes()).hexdigest()
    settings: dict[str, Any] = {name: version(name) for name in ("numpy", "scipy", "scikit-learn")}
    settings |= {"data": data, "hidden": _HIDDEN, "decay": _WEIGHT_DECAY, "iterations": _ITERATIONS, "seed": SPLIT_SEED}
    return sha256_json(settings)


def _train(digits: Digits) -> Network:
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    perceptron = MLPClassifier(
        (_HIDDEN,), solver="lbfgs", alpha=_WEIGHT_DECAY, max_iter=_ITERATIONS, random_state=SPLIT_SEED
    )
    # One thread: sums in one order, the same weights however many CPUs there are.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fixed number of iterations is meant to end before convergence
        perceptron.fit(digits.train_images, digits.train_labels)
    return Network(tuple(perceptron.coefs_), tuple(perceptron.intercepts_))


def _packed(network: Network) -> bytes:
    import numpy as np

    stream = BytesIO()
    arrays = {f"weights{i}": array for i, array in enumerate(network.weights)}
    arrays |= {f"biases{i}": array for i, array in enumerate(network.biases)}
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _read(path: Path) -> Network | None:
    """The network of a file; None where there is none or it is damaged: then it is trained again."""
    import numpy as np

    with suppress(OSError, ValueError, KeyError, BadZipFile), np.load(path, allow_pickle=False) as data:
        return Network((data["weights0"], data["weights1"]), (data["biases0"], data["biases1"]))
    return None
