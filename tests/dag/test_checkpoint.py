"""Checkpoints against notes that others signed, against hand-made faults, and around the circle of build and parse."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag import checkpoint, keys, merkle
from dag.checkpoint import CheckpointError
from dag.event import EVENT_DOMAIN
from dag.order.block import BLOCK_DOMAIN
from dag.order.recovery import RECOVERY_DOMAIN

ANN, BOB, CY, EVE = (keys.SigningKey.from_seed(bytes([i]) * 32) for i in range(1, 5))
SPACE = b"\x01\x71\x12\x20" + hashlib.sha256(b"space").digest()
ROOT = hashlib.sha256(b"root").digest()
ORIGIN = checkpoint.origin_of(SPACE)
BARE = checkpoint.build(ORIGIN, 1234, ROOT)
NOTE = checkpoint.cosign(checkpoint.sign(BARE, ANN), ANN, 1_700_000_000).note()
BODY = BARE.body()

# What https://sum.golang.org signed for its tree of 20,852,163 leaves (the root and signature of the specification's
# example, which shows them under another origin), and that log's public verifier key.
GO_SUMDB_NOTE = """go.sum database tree
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
GO_SUMDB_KEY = base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
# The cosignature line of the specification's example; its witness's key is not public.
WITNESS_LINE = (
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def code_of(text: str | bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.parse(text)
    return caught.value.code


# --- what others wrote ---


def test_a_note_of_the_go_checksum_database() -> None:
    parsed = checkpoint.parse(GO_SUMDB_NOTE)
    assert (parsed.origin, parsed.size, parsed.note()) == ("go.sum database tree", 20852163, GO_SUMDB_NOTE)
    (line,) = parsed.signatures
    assert line.key_id == checkpoint.key_id("sum.golang.org", 0x01, GO_SUMDB_KEY[1:]) == bytes.fromhex("033de0ae")
    assert keys.verify(GO_SUMDB_KEY[1:], parsed.body().encode(), line.signature)


@pytest.mark.parametrize(
    ("name", "key_id", "key"),
    [
        ("PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
        ("remora.n621.de", "da77ade7", "BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"),
    ],
)
def test_key_ids_of_known_verifier_keys(name: str, key_id: str, key: str) -> None:
    algorithm, *public = base64.b64decode(key)
    assert checkpoint.key_id(name, algorithm, bytes(public)).hex() == key_id


def test_the_example_of_a_cosignature_holds_the_time_that_its_specification_states() -> None:
    (_, line) = checkpoint.parse(GO_SUMDB_NOTE + WITNESS_LINE).signatures
    assert (line.key_id.hex(), len(line.signature)) == ("8d66cf3f", 72)
    assert int.from_bytes(line.signature[:8], "big") == 1_679_315_147
    assert checkpoint.cosigned_message("example.com/behind-the-sofa\n", 1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n"
    )


def test_consistency_between_two_checkpoints_of_a_public_witness_test() -> None:
    """Sizes 5 and 8 of the log `monkeys` in the test suite of the omniwitness, with its consistency proof."""
    old, new = "41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=", "V8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo="
    proof = [
        bytes.fromhex(text)
        for text in (
            "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
            "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
            "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
            "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
        )
    ]
    assert merkle.verify_consistency(5, 8, proof, base64.b64decode(old), base64.b64decode(new))


def test_the_golden_notes() -> None:
    for case in json.loads((Path(__file__).parents[1] / "golden" / "log.json").read_text())["checkpoints"]:
        built = checkpoint.build(case["origin"], case["size"], bytes.fromhex(case["root"]))
        for seed in case["signed_by_seeds"]:
            built = checkpoint.sign(built, keys.SigningKey.from_seed(bytes.fromhex(seed)))
        for seed, time_s in case["cosigned_by_seeds"]:
            built = checkpoint.cosign(built, keys.SigningKey.from_seed(bytes.fromhex(seed)), time_s)
        assert built.note() == case["note"]
        assert checkpoint.parse(case["note"]) == built


# --- building, signing, reading back ---


def test_the_note_as_text() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "1234", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith(f"— {ANN.did} ")
    assert lines[5].startswith(f"— {ANN.did} ")
    assert lines[6:] == [""]
    assert ORIGIN.startswith("icn/bafyrei")


@given(
    size=st.integers(1, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    times=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4),
    extensions=st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1), max_size=3),
)
def test_parse_is_the_inverse_of_note(size: int, root: bytes, times: list[int], extensions: list[str]) -> None:
    built = checkpoint.build(ORIGIN, size, root, tuple(extensions))
    for key, time_s in zip((ANN, BOB, CY, EVE), times, strict=False):
        built = checkpoint.cosign(checkpoint.sign(built, key), key, time_s)
    assert checkpoint.parse(built.note()) == built
    assert checkpoint.parse(built.note().encode()).note() == built.note()


def test_signing_twice_changes_nothing() -> None:
    once = checkpoint.cosign(checkpoint.sign(BARE, ANN), ANN, 5)
    assert checkpoint.cosign(checkpoint.sign(once, ANN), ANN, 5) == once


def test_the_empty_tree_has_one_root() -> None:
    assert checkpoint.build(ORIGIN, 0, merkle.EMPTY_ROOT).body().split("\n")[1] == "0"
    with pytest.raises(CheckpointError, match="bad_root"):
        checkpoint.build(ORIGIN, 0, ROOT)


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions", "code"),
    [
        ("", 1, ROOT, (), "bad_line"),
        ("two\nlines", 1, ROOT, (), "bad_line"),
        (ORIGIN, 1, ROOT, ("",), "bad_line"),
        (ORIGIN, 1, ROOT, ("tab\there",), "bad_line"),
        (ORIGIN, -1, ROOT, (), "bad_size"),
        (ORIGIN, 2**63, ROOT, (), "bad_size"),
        (ORIGIN, 1, ROOT[:31], (), "bad_root"),
    ],
)
def test_build_refuses_what_no_note_holds(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...], code: str
) -> None:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.build(origin, size, root, extensions)
    assert caught.value.code == code


def test_no_note_without_a_signature_and_no_time_before_1970() -> None:
    with pytest.raises(CheckpointError, match="unsigned"):
        BARE.note()
    with pytest.raises(CheckpointError, match="bad_time"):
        checkpoint.cosign(BARE, ANN, -1)
    with pytest.raises(CheckpointError, match="bad_time"):
        checkpoint.cosign(BARE, ANN, 2**63)


# --- strict parsing: a line of the note replaced, and the code ---

SIG = NOTE.split("\n")[4]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_signatures"),
        (BODY, "no_signatures"),
        (NOTE[:-1], "no_final_newline"),
        (BODY + "\n", "no_final_newline"),
        (NOTE.replace("\n", "\r\n"), "control_character"),
        (NOTE + "\x00", "control_character"),
        (NOTE + "x" * 65_536, "too_long"),
        (f"{ORIGIN}\n1234\n\n{SIG}\n", "too_few_lines"),
        (NOTE.replace("\n1234\n", "\n01234\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n+1234\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n1_234\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n١٢٣٤\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n²\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n9223372036854775808\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n" + "9" * 5000 + "\n"), "bad_size"),
        (NOTE.replace("\n1234\n", "\n0\n"), "bad_root"),
        (f"{ORIGIN}\n1\nAAAA\n\n{SIG}\n", "bad_root"),
        (f"{ORIGIN}\n1\n{base64.b64encode(ROOT).decode()[:-1]}\n\n{SIG}\n", "bad_root"),
        (f"{ORIGIN}\n1\n{base64.urlsafe_b64encode(bytes([255] * 32)).decode()}\n\n{SIG}\n", "bad_root"),
        (f"{ORIGIN}\n1\n{'A' * 42}B=\n\n{SIG}\n", "bad_root"),  # stray last bits
        (f"\n1\n{base64.b64encode(ROOT).decode()}\n\n{SIG}\n", "bad_line"),
        (f"{BODY}\n\n{SIG}\n", "bad_line"),  # two blank lines: an empty extension line
        (f"{BODY}\n{SIG}\n{SIG}\n", "repeated_signature"),
        (f"{BODY}\n{SIG.replace('—', '-')}\n", "bad_signature_line"),
        (f"{BODY}\n{SIG} \n", "bad_signature_line"),
        (f"{BODY}\n—  {SIG[2:]}\n", "bad_signature_line"),
        (f"{BODY}\n— {ANN.did}\n", "bad_signature_line"),
        (f"{BODY}\n— a+b AAAAAAA=\n", "bad_signature_line"),
        (f"{BODY}\n— a\u00a0b AAAAAAA=\n", "bad_signature_line"),
        (f"{BODY}\n— a AAAAAA==\n", "bad_signature_line"),  # a key ID and nothing else
        (f"{BODY}\n— a AAAAAAB=\n", "bad_signature_line"),
        (f"{BODY}\n— a AAAAAAA\n", "bad_signature_line"),
        (BODY + "\n" + "".join(f"— w{i} AAAAAAA=\n" for i in range(257)), "too_many_signatures"),
    ],
)
def test_parse_refuses(text: str, code: str) -> None:
    assert code_of(text) == code


def test_parse_refuses_bytes_that_are_no_text() -> None:
    assert code_of(NOTE.encode() + b"\xff\n") == "not_utf8"
    assert code_of(NOTE + "\ud800\n") == "not_utf8"


@given(st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for note in (text, BODY + "\n" + text, BODY + "\n— " + text + "\n"):
        try:
            parsed = checkpoint.parse(note)
        except CheckpointError:
            continue
        assert parsed.note() == note


# --- who signed ---


def test_verify_says_who_signed_and_who_cosigned_when() -> None:
    note = checkpoint.sign(BARE, ANN)
    for key, time_s in ((BOB, 7), (BOB, 9), (EVE, 10), (BOB, 8)):
        note = checkpoint.cosign(note, key, time_s)
    signers = checkpoint.verify(checkpoint.parse(note.note()), {ANN.did, BOB.did, CY.did})
    assert signers.signed == {ANN.did}
    assert signers.cosigned == {BOB.did: 9}


def test_lines_of_unknown_keys_are_passed_over_whatever_they_hold() -> None:
    text = NOTE + WITNESS_LINE + f"— {EVE.did} AAAAAAA=\n"
    assert checkpoint.verify(checkpoint.parse(text), [ANN.did]).cosigned == {ANN.did: 1_700_000_000}
    # A known name with the key ID of another signature type is another key.
    line = checkpoint.Signature(ANN.did, checkpoint.key_id(ANN.did, 0x06, ANN.public), b"x" * 64).line()
    assert checkpoint.verify(checkpoint.parse(NOTE + line), [ANN.did]).signed == {ANN.did}


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("change", ["signature", "length", "body", "time"])
def test_a_bad_signature_of_a_known_key_condemns_the_note(line: int, change: str) -> None:
    parsed = checkpoint.parse(NOTE)
    entries = list(parsed.signatures)
    old = entries[line]
    signature = {
        "signature": old.signature[:-1] + bytes([old.signature[-1] ^ 1]),
        "length": old.signature + b"\x00",
        "body": old.signature,
        "time": bytes([old.signature[0] ^ 1]) + old.signature[1:],
    }[change]
    entries[line] = checkpoint.Signature(old.name, old.key_id, signature)
    size = 1235 if change == "body" else 1234
    forged = checkpoint.Checkpoint(ORIGIN, size, ROOT, (), tuple(entries))
    with pytest.raises(CheckpointError) as caught:
        checkpoint.verify(checkpoint.parse(forged.note()), [ANN.did, BOB.did])
    assert (caught.value.code, caught.value.facts) == ("bad_signature", {"name": ANN.did})
    assert checkpoint.verify(forged, [BOB.did]).cosigned == {}


def test_a_cosignature_does_not_pass_for_a_signature_of_another_time_or_name() -> None:
    time_s = 1_700_000_000
    signature = ANN.sign(checkpoint.cosigned_message(BODY, time_s))
    for other_time in (time_s + 1, 2**63):
        entry = checkpoint.Signature(
            ANN.did, checkpoint.key_id(ANN.did, 0x04, ANN.public), other_time.to_bytes(8, "big") + signature
        )
        forged = checkpoint.Checkpoint(ORIGIN, 1234, ROOT, (), (entry,))
        with pytest.raises(CheckpointError, match="bad_signature"):
            checkpoint.verify(forged, [ANN.did])
    late = 2**63
    entry = checkpoint.Signature(
        ANN.did,
        checkpoint.key_id(ANN.did, 0x04, ANN.public),
        late.to_bytes(8, "big") + ANN.sign(checkpoint.cosigned_message(BODY, late)),
    )
    with pytest.raises(CheckpointError, match="bad_signature"):
        checkpoint.verify(checkpoint.Checkpoint(ORIGIN, 1234, ROOT, (), (entry,)), [ANN.did])
    stolen = checkpoint.Signature(
        BOB.did, checkpoint.key_id(BOB.did, 0x04, BOB.public), time_s.to_bytes(8, "big") + signature
    )
    with pytest.raises(CheckpointError, match="bad_signature"):
        checkpoint.verify(checkpoint.Checkpoint(ORIGIN, 1234, ROOT, (), (stolen,)), [BOB.did])


def test_a_did_that_names_no_key_is_the_callers_bug() -> None:
    with pytest.raises(keys.BadKey):
        checkpoint.verify(BARE, ["did:web:example.com"])


def test_quorum_counts_cosigners_once_and_only_validators() -> None:
    validators = [ANN.did, BOB.did, CY.did]
    note = checkpoint.cosign(checkpoint.cosign(checkpoint.sign(BARE, BOB), ANN, 1), ANN, 2)
    note = checkpoint.cosign(note, EVE, 3)
    with pytest.raises(CheckpointError) as caught:
        checkpoint.check_quorum(note, validators, 2)
    assert (caught.value.code, caught.value.facts) == ("no_quorum", {"have": 1, "need": 2})
    assert set(checkpoint.check_quorum(checkpoint.cosign(note, CY, 3), validators, 2).cosigned) == {ANN.did, CY.did}


def test_merge_collects_the_lines_of_both() -> None:
    one, other = checkpoint.cosign(BARE, ANN, 1), checkpoint.cosign(checkpoint.cosign(BARE, BOB, 1), ANN, 1)
    merged = checkpoint.merge(one, other)
    assert [entry.name for entry in merged.signatures] == [ANN.did, BOB.did]
    assert set(checkpoint.check_quorum(merged, [ANN.did, BOB.did], 2).cosigned) == {ANN.did, BOB.did}
    with pytest.raises(CheckpointError, match="differ"):
        checkpoint.merge(one, checkpoint.build(ORIGIN, 1235, ROOT))


def test_no_signature_of_a_key_passes_for_one_of_another_purpose() -> None:
    """No message that a key signs for one purpose can be the beginning of another's: the first bytes differ."""
    domains = [EVENT_DOMAIN, BLOCK_DOMAIN, keys.KEY_BINDING_DOMAIN, RECOVERY_DOMAIN, BODY.encode()]
    domains.append(checkpoint.cosigned_message(BODY, 1))
    for one in domains:
        assert [other for other in domains if other[: len(one)] == one[: len(other)]] == [one]
