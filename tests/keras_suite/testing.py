"""The base class of Keras's tests, on nnc."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
from absl.testing import parameterized

import nnc
from nnc.layers import SymbolicTensor, Variable
from nnc.tree import flatten, map_structure, map_structure_up_to


class TestCase(parameterized.TestCase):
    """What Keras's tests are derived from: the same assertions, and the same trials of a layer, on nnc."""

    __test__ = False
    maxDiff = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__test__ = True

    def get_temp_dir(self) -> str:
        place = tempfile.mkdtemp()
        self.addCleanup(lambda: shutil.rmtree(place))
        return place

    def convert_to_numpy(self, x: Any) -> Any:
        return x.numpy() if isinstance(x, Variable) else numpy.array(x)

    # ------------------------------------------------------------------ assertions

    def assertAllClose(self, actual, desired, atol=1e-6, rtol=1e-6, tpu_atol=None, tpu_rtol=None, msg=None):
        pair = self.convert_to_numpy(actual), self.convert_to_numpy(desired)
        numpy.testing.assert_allclose(*pair, atol=atol, rtol=rtol, err_msg=msg or "")

    def assertNotAllClose(self, x1, x2, atol=1e-6, rtol=1e-6, msg=None):
        try:
            self.assertAllClose(x1, x2, atol=atol, rtol=rtol)
        except AssertionError:
            return
        raise AssertionError(f"The two values are close at all elements. {msg or ''}")

    def assertAlmostEqual(self, actual, desired, decimal=3, tpu_decimal=None, msg=None):
        pair = self.convert_to_numpy(actual), self.convert_to_numpy(desired)
        numpy.testing.assert_almost_equal(*pair, decimal=decimal, err_msg=msg or "")

    def assertAllEqual(self, actual, desired, msg=None):
        pair = self.convert_to_numpy(actual), self.convert_to_numpy(desired)
        numpy.testing.assert_array_equal(*pair, err_msg=msg or "")

    def assertLen(self, iterable, expected_len, msg=None):
        self.assertEqual(len(iterable), expected_len, msg=msg)

    def assertSparse(self, x, sparse=True):
        self.assertFalse(sparse, "there are no sparse tensors")

    def assertRagged(self, x, ragged=True):
        self.assertFalse(ragged, "there are no ragged tensors")

    def assertDType(self, x, dtype, msg=None):
        found = nnc.backend.standardize_dtype(x.dtype if hasattr(x, "dtype") else type(x))
        self.assertEqual(found, nnc.backend.standardize_dtype(dtype), msg=msg)

    def assertFileExists(self, path):
        self.assertTrue(Path(path).is_file(), f"File {path} does not exist")

    # ------------------------------------------------------------------ trials

    def run_class_serialization_test(self, instance, custom_objects=None):
        cls, config = type(instance), instance.get_config()
        with nnc.saving.custom_object_scope(custom_objects):
            revived = cls.from_config(config)
        self.assertEqual(as_text(revived.get_config()), as_text(config))
        data = json.loads(as_text(nnc.saving.serialize_keras_object(instance)), object_hook=_with_tuples)
        with nnc.saving.custom_object_scope(custom_objects):
            revived = nnc.saving.deserialize_keras_object(data)
        self.assertEqual(type(revived), cls)
        self.assertEqual(as_text(revived.get_config()), as_text(config))
        return revived

    def run_layer_test(
        self,
        layer_cls,
        init_kwargs,
        input_shape=None,
        input_dtype=None,
        input_sparse=False,
        input_ragged=False,
        input_data=None,
        call_kwargs=None,
        expected_output_shape=None,
        expected_output_dtype=None,
        expected_output_sparse=False,
        expected_output_ragged=False,
        expected_output=None,
        expected_num_trainable_weights=None,
        expected_num_non_trainable_weights=None,
        expected_num_non_trainable_variables=None,
        expected_num_seed_generators=None,
        expected_num_losses=None,
        supports_masking=None,
        expected_mask_shape=None,
        custom_objects=None,
        run_training_check=True,
        run_mixed_precision_check=True,
        assert_built_after_instantiation=False,
        tpu_atol=None,
        tpu_rtol=None,
    ):
        if input_sparse or input_ragged or expected_output_sparse or expected_output_ragged:
            self.skipTest("there are no sparse or ragged tensors")
        init_kwargs, call_kwargs = init_kwargs or {}, call_kwargs or {}
        layer = layer_cls(**init_kwargs)
        self.run_class_serialization_test(layer, custom_objects)
        if supports_masking is not None:
            self.assertEqual(layer.supports_masking, supports_masking, msg="Unexpected supports_masking value")
        if input_data is None and input_shape is None:
            return
        if input_shape is not None and input_dtype is None:
            input_dtype = nnc.tree.map_shape_structure(lambda _: "float32", input_shape)

        def check_weights(layer):
            self.assertTrue(layer.built)
            if expected_num_trainable_weights is not None:
                self.assertLen(layer.trainable_weights, expected_num_trainable_weights)
            if expected_num_non_trainable_weights is not None:
                self.assertLen(layer.non_trainable_weights, expected_num_non_trainable_weights)

        def check_output(output):
            if expected_output_shape is not None:
                fits = map_structure_up_to(output, _shape_fits, expected_output_shape, output)
                shapes = map_structure(lambda x: x.shape, output)
                self.assertTrue(all(flatten(fits)), f"expected {expected_output_shape}, got {shapes}")
            if expected_output_dtype is not None:
                found = map_structure(lambda x: nnc.backend.standardize_dtype(x.dtype), output)
                self.assertEqual(flatten(found), flatten(expected_output_dtype))

        def apply(layer, inputs):
            if isinstance(inputs, Mapping):
                return layer(**inputs, **call_kwargs)
            return layer(inputs, **call_kwargs)

        build_shape = map_structure(lambda x: tuple(numpy.shape(x)), input_data) if input_shape is None else input_shape
        layer = layer_cls(**init_kwargs)
        if isinstance(build_shape, Mapping):
            layer.build(**build_shape)
        else:
            layer.build(build_shape)
        check_weights(layer)

        if input_shape is None:
            symbolic = map_structure(lambda x: _symbolic(numpy.shape(x), _dtype(x)), input_data)
        else:
            symbolic = _by_shape(_symbolic, input_shape, input_dtype)
        layer = layer_cls(**init_kwargs)
        outputs = apply(layer, symbolic)
        check_weights(layer)
        check_output(outputs)

        if input_data is None:
            input_data = _by_shape(_random, input_shape, input_dtype)
        layer = layer_cls(**init_kwargs)
        output = apply(layer, input_data)
        check_weights(layer)
        check_output(output)
        if expected_output is not None:
            for wanted, found in zip(flatten(expected_output), flatten(output), strict=True):
                self.assertAllClose(wanted, found, msg="Unexpected output value")
        if expected_num_losses is not None:
            self.assertLen(layer.losses, expected_num_losses)
        if run_training_check and all(str(x.dtype).startswith("float") for x in flatten(output)):
            model = nnc.Model(symbolic, outputs)
            model.compile("sgd", loss=map_structure(lambda _: Whole(), outputs))
            model.fit(input_data, output, batch_size=len(flatten(output)[0]), verbose=0)


class Whole(nnc.losses.Loss):
    """The sum of an output's last axis, whatever the targets are."""

    def call(self, y_true, y_pred):
        return nnc.ops.sum(y_pred, axis=-1) if len(y_pred.shape) > 1 else y_pred


def _shape_fits(expected, x):
    return len(x.shape) == len(expected) and all(
        one is None or one == other for one, other in zip(expected, x.shape, strict=True)
    )


def _dtype(x: Any) -> str:
    return str(numpy.asarray(x).dtype) if not isinstance(x, SymbolicTensor) else x.dtype


def _symbolic(shape: Any, dtype: str) -> Any:
    return nnc.Input(batch_shape=tuple(shape), dtype=dtype)


def _random(shape: Any, dtype: str) -> Any:
    return (numpy.random.default_rng(0).random(shape) * 3).astype(dtype)


def _by_shape(function, shape, dtype):
    """Return what a function makes of nested shapes, and of element types nested likewise."""
    if isinstance(shape, Mapping):
        return {key.removesuffix("_shape"): _by_shape(function, item, dtype[key]) for key, item in shape.items()}
    if all(item is None or isinstance(item, int) for item in shape):
        return function(tuple(shape), dtype)
    return type(shape)(_by_shape(function, item, kind) for item, kind in zip(shape, dtype, strict=True))


def as_text(value: Any) -> str:
    """Return plain data as sorted JSON that tells tuples from lists."""

    def encoded(item: Any) -> Any:
        if isinstance(item, tuple):
            return {"__tuple__": [encoded(part) for part in item]}
        if isinstance(item, list):
            return [encoded(part) for part in item]
        return {key: encoded(part) for key, part in item.items()} if isinstance(item, dict) else item

    return json.dumps(encoded(value), sort_keys=True, indent=4)


def _with_tuples(item: dict[str, Any]) -> Any:
    return tuple(item["__tuple__"]) if "__tuple__" in item else item


def named_product(*args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    """Return all combinations of values of parameters, with names.

    Args:
        args: lists of cases, each with a ``testcase_name`` and some parameters.
        kwargs: values by parameter.
    """
    choices = [list(cases) for cases in args]
    for key, given in kwargs.items():
        values = list(given)
        texts = [str(getattr(value, "__name__", value)).lower() for value in values]
        choices.append([{"testcase_name": text, key: value} for text, value in zip(texts, values, strict=True)])
    rows = []
    for chosen in itertools.product(*choices):
        name = "_".join(str(case["testcase_name"]) for case in chosen if case["testcase_name"])
        rows.append({**{key: value for case in chosen for key, value in case.items()}, "testcase_name": name})
    return rows


def get_test_data(train_samples, test_samples, input_shape, num_classes, random_seed=None):
    """Return rows of classes that differ by their means, to train with and to test."""
    generator = numpy.random.default_rng(random_seed)
    centers = generator.random((num_classes, *input_shape))

    def rows(count):
        y = numpy.arange(count) % num_classes
        x = centers[y] + generator.normal(0.0, 0.1, (count, *input_shape))
        return x.astype("float32"), y

    return rows(train_samples), rows(test_samples)
