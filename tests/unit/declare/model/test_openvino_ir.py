"""Graphs of OpenVINO, written here as optimum-intel writes them, sound and broken."""

import pytest

from suite.base.errors import DataError
from suite.declare.model.openvino_ir import NAME, read_ir
from suite.measure.weights import census_after

LAYER = (
    '<layer id="{id}" name="{name}" type="{type}" version="opset1">'
    '<data element_type="{element}" shape="{shape}" offset="{offset}" size="{size}" />'
    '<output><port id="0" precision="FP32"><dim>4</dim></port></output></layer>'
)
ROWS = (
    ("embed", "Const", "u8", "8, 4", 0, 32),
    ("embed/zero_point", "Const", "u8", "8, 1", 32, 8),
    ("embed/scale", "Const", "f16", "8, 1", 40, 16),
    ("norm", "Const", "f32", "1, 1, 4", 56, 16),
    ("one", "Const", "f32", "", 72, 4),
    ("axes", "Const", "i64", "2", 76, 16),
    ("input", "Parameter", "f32", "99, 99", 0, 0),
)


def graph(directory, rows=ROWS, held=92, text=None):
    layers = "".join(
        LAYER.format(
            id=number, name=name, type=kind, element=element, shape=shape, offset=offset, size=size
        )
        for number, (name, kind, element, shape, offset, size) in enumerate(rows)
    )
    written = (
        f'<?xml version="1.0"?><net name="Model0" version="11"><layers>{layers}</layers></net>'
    )
    (directory / NAME).write_text(written if text is None else text)
    (directory / NAME).with_suffix(".bin").write_bytes(bytes(held))
    return directory / NAME


def test_weights_are_told_from_scales_numbers_and_positions(tmp_path):
    tensors = read_ir(graph(tmp_path))
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in tensors] == [
        ("embed", "INT8", (8, 4)),
        ("norm", "F32", (1, 1, 4)),
    ]


def test_the_graphs_of_the_tokenizer_are_no_weights(tmp_path):
    graph(tmp_path).with_name("openvino_tokenizer.xml").write_text("<net/>")
    assert [(row.dtype, row.parameters) for row in census_after(tmp_path)] == [
        ("F32", 4),
        ("INT8", 32),
    ]


def test_packed_and_rare_types_are_counted(tmp_path):
    rows = [
        ("four", "Const", "u4", "3, 3", 0, 5),
        ("normal", "Const", "nf4", "2, 2", 5, 2),
        ("eight", "Const", "f8e4m3", "2, 2", 7, 4),
        ("scales", "Const", "f8e8m0", "2, 2", 11, 4),
        ("texts", "Const", "string", "2", 15, 77),
        ("none", "Const", "f32", "0", 92, 0),
    ]
    graph(tmp_path, rows)
    assert [(row.dtype, row.parameters) for row in census_after(tmp_path)] == [
        ("F8_E4M3", 4),
        ("INT4", 9),
        ("NF4", 4),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"held": 91}, "model-weights-truncated"),
        ({"text": "<net><layers>"}, "model-weights-wrong"),
        ({"text": ""}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4, x", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4", "0x", 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "-4", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "-2, -2", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4", -16, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4", 0, -16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4", 0, 15)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "4,,1", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "４", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f32", "9" * 5000, 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "f31", "4", 0, 16)]}, "model-weights-wrong"),
        ({"rows": [("w", "Const", "", "4", 0, 16)]}, "model-weights-wrong"),
        ({"text": '<?xml version="1.0" encoding="x-none"?><net/>'}, "model-weights-wrong"),
        (
            {"text": '<net><layer type="Const"><data offset="0" size="4"/></layer></net>'},
            "model-weights-wrong",
        ),
    ],
)
def test_a_broken_graph_is_refused(tmp_path, changes, code):
    with pytest.raises(DataError) as caught:
        read_ir(graph(tmp_path, **changes))
    assert caught.value.code == code


def test_a_graph_without_its_weights_is_refused(tmp_path):
    path = graph(tmp_path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(DataError) as caught:
        read_ir(path)
    assert caught.value.code == "file-unreadable"
