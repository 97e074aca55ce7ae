"""Six thousand damaged files: each is read or refused in the one way, in little memory and without a warning.

The files are made and read in a process of its own, whose address space is capped at what it has after its imports
plus 512 MiB: an allocation on the word of a lying header would fail there, and whatever was raised instead would show.
"""

import collections
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toolkit

N_FILES = 6000
ROOM = 512 * 2**20


def seeds():
    """Undamaged files to start from: the formats and the arrays that are accepted."""
    import io
    import zipfile

    generator = np.random.default_rng(0)
    pixels = generator.integers(256, size=(4, 6, 5), dtype=np.uint8)
    kinds = np.array(["clean", "rotate", "invert", "ä"])
    sets = [
        {"images": pixels},
        {"images": pixels, "labels": np.arange(4), "kinds": kinds},
        {"images": generator.random((2, 3, 4, 3), dtype=np.float32), "labels": np.array(["a", "b"])},
        {"images": np.asfortranarray(pixels.astype(">f8")), "kinds": np.char.encode(kinds, "utf-8")},
        {"images": np.zeros((40, 30, 30), np.uint8), "labels": np.linspace(0, 1, 40) > 0.5, "other": np.zeros(3)},
    ]
    members = []
    for arrays in sets:
        contents = {}
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array)
            contents[name] = stream.getvalue()
        members.append(contents)

    def pack(contents, method):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            for name, content in contents.items():
                archive.writestr(f"{name}.npy", content)
        return stream.getvalue()

    return members, pack


NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
WORDS = [b"-1", b"0", b"99999999999", b"4.5", b"True", b"|O", b"<f8", b">U9", b"|V3", b"<M8[s]", b"(", b"None", b"[]"]
WORDS += [b"1" * 25, b"<c16", b"|b1", b"<f2", b"'" * 3, b"\\x00", b"((((((((", b"{}", b"|S0", b"<U0", b"lambda:0"]


def mutate(content, generator):
    """One to four random changes: bits, bytes, numbers, words of a header, cuts, repeats, swaps."""
    content = bytearray(content)
    for _ in range(generator.integers(1, 5)):
        n = len(content)
        if n < 4:
            break
        # Half of the changes near an end: there the headers and the directory are.
        at = int(generator.integers(n))
        if generator.random() < 0.5:
            at = int(min(generator.exponential(60), n - 1))
            at = at if generator.random() < 0.5 else n - 1 - at
        choice = generator.integers(8)
        if choice == 0:
            content[at] ^= 1 << int(generator.integers(8))
        elif choice == 1:
            content[at] = int(generator.integers(256))
        elif choice == 2:
            number = struct.pack("<Q", NUMBERS[generator.integers(len(NUMBERS))])[: 2 ** int(generator.integers(4))]
            content[at : at + len(number)] = number[: n - at]
        elif choice == 3:
            word = WORDS[generator.integers(len(WORDS))]
            content[at : at + len(word)] = word
        elif choice == 4:
            del content[at:]
        elif choice == 5:
            del content[at : at + int(generator.integers(1, 20))]
        elif choice == 6:
            content[at:at] = content[at : at + int(generator.integers(1, 200))]
        else:
            text = bytes(content)
            for old in (
                b"descr",
                b"shape",
                b"False",
                b"|u1",
                b"<f4",
                b"<i8",
                b"(4,",
                b", 6",
                b"PK\x01\x02",
                b"PK\x05\x06",
            ):
                if old in text and generator.random() < 0.3:
                    word = WORDS[generator.integers(len(WORDS))]
                    content = bytearray(text.replace(old, word[: len(old)] if generator.random() < 0.5 else word, 1))
                    break
    return bytes(content)


def run(folder):
    """Make and read the files; print what happened as JSON."""
    import resource
    import warnings
    import zipfile

    from toolkit.datasets import load_images, load_npz
    from toolkit.exceptions import DataFormatError

    warnings.simplefilter("error")
    members, pack = seeds()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    whole = [pack(contents, method) for contents in members for method in methods]
    whole += [contents["images"] for contents in members]
    path = Path(folder, "mutated")
    outcomes, reasons, escaped = collections.Counter(), collections.Counter(), []
    # Everything is imported and done once before the cap, so that it bears on reading alone.
    for content in whole:
        path.write_bytes(content)
        load_npz(path)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    cap = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    generator = np.random.default_rng(1)
    for number in range(N_FILES):
        kind = number % 3
        if kind == 0:  # the file as it lies there: archive, directory, checksums
            content = mutate(whole[generator.integers(len(whole))], generator)
        else:  # an array damaged before it was packed: every checksum is right
            contents = dict(members[generator.integers(len(members))])
            name = list(contents)[generator.integers(len(contents))]
            contents[name] = mutate(contents[name], generator)
            content = pack(contents, methods[kind - 1])
        path.unlink()  # a map of the last file may still be alive
        path.write_bytes(content)
        try:
            found = (load_npz if number % 2 else load_images)(path)
            outcomes["read"] += 1
            assert np.isfinite(found.images).all()
            assert found.images.dtype == np.uint8 or found.images.dtype.kind == "f"
            for known in (found.labels, found.kinds):
                assert known is None or (len(known) == len(found) and str(known.tolist()).encode("utf-8"))
        except DataFormatError as error:
            outcomes["refused"] += 1
            reasons[str(error).replace(str(path), "")[:24]] += 1
            # Nameless, or refused only because an allocation on a header's word happened to fail.
            if str(path) not in str(error) or isinstance(error.__context__, MemoryError):
                escaped.append(f"file {number}: {error}"[:300])
        except BaseException as error:
            escaped.append(f"file {number}: {type(error).__name__}: {error}"[:300])
    # Not ru_maxrss: Linux hands a child the peak of the process it was forked from.
    with open("/proc/self/status", encoding="ascii") as status:
        peak = 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps({"outcomes": outcomes, "reasons": len(reasons), "escaped": escaped, "peak": peak}))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the cap on memory is Linux's")
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path):
    root = str(Path(toolkit.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    result = json.loads(ran.stdout)
    assert result["escaped"] == []
    assert sum(result["outcomes"].values()) == N_FILES >= 5000
    # The damage must bite in many ways, and must not make everything trivially unreadable.
    assert result["outcomes"]["refused"] > 0.5 * N_FILES
    assert result["outcomes"]["read"] > 0.02 * N_FILES
    assert result["reasons"] > 20
    assert result["peak"] < 2**30
    assert ran.stderr == ""


if __name__ == "__main__":
    run(sys.argv[1])
