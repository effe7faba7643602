"""Keys: spellings, signatures that must hold or must not, key bindings, and secrets sealed for storage."""

from collections.abc import Callable
from hashlib import sha256, sha512
from typing import Any

import multiformats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_box_seal,
    crypto_core_ed25519_add,
    crypto_core_ed25519_is_valid_point,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_sign_ed25519_pk_to_curve25519,
)

from dag import keys
from dag.cid import cid_of, raw_cid_of
from dag.codec import Link, decode, encode
from dag.keys import (
    SEAL_MAGIC,
    SEAL_MAX_MEM,
    SEAL_MAX_PLAINTEXT,
    BadKey,
    Damaged,
    SigningKey,
    WrongSecret,
    author_of,
    check_point,
    did_of,
    key_binding_bytes,
    public_of,
    public_of_author,
    seal,
    secret_bytes,
    unseal,
    verify,
)

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
SEED = bytes(range(32))
KEY = SigningKey.from_seed(SEED)

# --- spellings --------------------------------------------------------------------------------------------------


def test_known_did() -> None:
    """Test vector 1 of RFC 8032, and the did:key of it from the did:key specification's kind of key."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(seed)
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.did == "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
    assert key.author == b"\xed\x01" + key.public


@given(st.binary(min_size=32, max_size=32))
def test_spellings_are_inverses_and_agree_with_multiformats(public: bytes) -> None:
    did = did_of(public)
    assert did.startswith("did:key:z6Mk")
    assert public_of(did) == public
    assert public_of_author(author_of(public)) == public
    wrapped = multiformats.multicodec.wrap("ed25519-pub", public)
    assert wrapped == author_of(public)
    assert did == "did:key:" + multiformats.multibase.encode(wrapped, "base58btc")


def test_extreme_keys_have_dids_of_one_length() -> None:
    assert {len(did_of(public)) for public in (bytes(32), b"\xff" * 32)} == {len("did:key:z") + 47}


def base58(number: int) -> str:
    digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = digits[digit] + text
    return text


DID = did_of(KEY.public)


@pytest.mark.parametrize(
    ("did", "reason"),
    [
        ("", "not_did_key"),
        ("did:key:", "not_did_key"),
        (DID[8:], "not_did_key"),
        ("did:web:example.org", "not_did_key"),
        (DID.upper(), "not_did_key"),
        ("did:key:m" + DID[9:], "not_did_key"),
        (DID + "#" + DID[8:], "length"),
        (DID[:-1], "length"),
        (DID + "1", "length"),
        ("did:key:z1" + DID[9:], "length"),
        (DID[:20] + "0" + DID[21:], "not_base58"),
        (DID[:20] + "l" + DID[21:], "not_base58"),
        (DID[:20] + " " + DID[21:], "not_base58"),
        (DID[:20] + "é" + DID[21:], "not_base58"),
        ("did:key:z" + "z" * 47, "not_base58"),
        # secp256k1-pub (0xe7) and x25519-pub (0xec), which have did:keys too.
        ("did:key:z" + base58(int.from_bytes(b"\xe7\x01" + bytes(32))), "not_ed25519"),
        ("did:key:z" + base58(int.from_bytes(b"\xec\x01" + bytes(32))), "not_ed25519"),
        ("did:key:z" + base58(int.from_bytes(b"\xed\x02" + bytes(32))), "not_ed25519"),
    ],
)
def test_other_dids_are_refused(did: str, reason: str) -> None:
    with pytest.raises(BadKey) as refusal:
        public_of(did)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("length", [0, 31, 33, 34])
def test_lengths_are_checked(length: int) -> None:
    for function in (author_of, did_of, check_point, SigningKey.from_seed):
        with pytest.raises(BadKey, match="length"):
            function(bytes(length))
    with pytest.raises(BadKey, match="length"):
        public_of_author(b"\xed\x01" + bytes(length if length != 32 else 35))
    with pytest.raises(BadKey, match="not_ed25519"):
        public_of_author(bytes(34))


def test_a_signing_key_does_not_show_its_secret() -> None:
    assert SEED.hex() not in repr(KEY)
    assert repr(KEY) == f"SigningKey({KEY.did})"


# --- points -----------------------------------------------------------------------------------------------------


def compressed(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
"""y of four of the points of order 8; minus it is y of the other four (RFC 7748's curve, in Edwards form)."""
SMALL_ORDER = {
    "order 1": compressed(1),
    "order 2": compressed(PRIME - 1),
    "order 4": compressed(0),
    "order 4, other sign": compressed(0, 1),
    "order 8": compressed(Y8),
    "order 8, other sign": compressed(Y8, 1),
    "order 8, other y": compressed(PRIME - Y8),
    "order 8, other y and sign": compressed(PRIME - Y8, 1),
    "order 1, x = -0": compressed(1, 1),
    "order 2, x = -0": compressed(PRIME - 1, 1),
}
NON_CANONICAL = {
    f"y = p + {y}{' with sign' if sign else ''}": compressed(PRIME + y, sign) for y in range(19) for sign in (0, 1)
}
TORSION8 = compressed(PRIME - Y8)


def plus(point: bytes, other: bytes) -> bytes:
    return crypto_core_ed25519_add(point, other)


def base_times(scalar: int) -> bytes:
    return crypto_scalarmult_ed25519_base_noclamp((scalar % ORDER).to_bytes(32, "little"))


def test_the_small_order_points_are_what_they_claim() -> None:
    """The table against the curve: eight times such a point is the identity, and there are eight of them."""
    identity = SMALL_ORDER["order 1"]
    canonical = {point for name, point in SMALL_ORDER.items() if "-0" not in name}
    assert len(canonical) == 8
    for point in canonical:
        twice = plus(point, point)
        four_times = plus(twice, twice)
        assert plus(four_times, four_times) == identity


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_small_order_points_are_no_keys(name: str) -> None:
    with pytest.raises(BadKey) as refusal:
        check_point(SMALL_ORDER[name])
    assert refusal.value.reason == "small_order_point"


@pytest.mark.parametrize("name", NON_CANONICAL)
def test_non_canonical_points_are_no_keys(name: str) -> None:
    with pytest.raises(BadKey) as refusal:
        check_point(NON_CANONICAL[name])
    assert refusal.value.reason == "non_canonical_point"


def test_points_of_mixed_order_and_bytes_off_the_curve_are_no_keys() -> None:
    check_point(KEY.public)
    for torsion in (point for name, point in SMALL_ORDER.items() if "order 1" not in name and "-0" not in name):
        with pytest.raises(BadKey, match="invalid_point"):
            check_point(plus(KEY.public, torsion))
    off_curve = [compressed(y) for y in range(2, 40) if not is_on_curve(y)]
    assert len(off_curve) > 10
    for point in off_curve:
        with pytest.raises(BadKey, match="invalid_point"):
            check_point(point)


def is_on_curve(y: int) -> bool:
    """Whether x^2 = (y^2 - 1) / (d y^2 + 1) is a square (Euler's criterion)."""
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    square = (y * y - 1) * pow(d * y * y + 1, -1, PRIME) % PRIME
    return pow(square, (PRIME - 1) // 2, PRIME) in (0, 1)


@given(st.binary(min_size=32, max_size=32))
def test_keys_of_seeds_are_good_points(seed: bytes) -> None:
    check_point(SigningKey.from_seed(seed).public)


# --- signatures -------------------------------------------------------------------------------------------------

RFC_8032 = [
    # (seed, public, message, signature) of RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_signatures_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verify(key.public, bytes.fromhex(message), bytes.fromhex(signature))


@given(st.binary(max_size=80), st.integers(0, 8 * 64 - 1))
def test_a_changed_bit_breaks_a_signature(message: bytes, bit: int) -> None:
    signature = KEY.sign(message)
    assert verify(KEY.public, message, signature)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not verify(KEY.public, message, bytes(changed))
    assert not verify(KEY.public, message + b"\0", signature)
    assert not verify(SigningKey.from_seed(bytes(32)).public, message, signature)


@pytest.mark.parametrize("length", [0, 31, 63, 65, 128])
def test_other_lengths_are_no_signatures(length: int) -> None:
    assert not verify(KEY.public, b"m", (KEY.sign(b"m") * 2)[:length])
    assert not verify((KEY.public * 4)[:length], b"m", KEY.sign(b"m"))


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(r + public + message).digest(), "little") % ORDER


def secret_scalar(seed: bytes) -> int:
    half = int.from_bytes(sha512(seed).digest()[:32], "little")
    return half & ((1 << 254) - 8) | 1 << 254


def crafted(public: bytes, r_point: bytes, r: int, message: bytes) -> bytes:
    """The signature that an owner of KEY makes who is free to choose `public` and R, with S = r + h a."""
    s = (r + challenge(r_point, public, message) * secret_scalar(SEED)) % ORDER
    return r_point + s.to_bytes(32, "little")


def test_crafting_makes_ordinary_signatures() -> None:
    """The craft of the tests below is sound: without a trick its signatures hold."""
    for r in (1, 2, 12345678901234567890):
        assert verify(KEY.public, b"m", crafted(KEY.public, base_times(r), r, b"m"))


def test_s_plus_the_order_is_refused() -> None:
    """Else anybody could make a second block, with another CID, of every event."""
    for message in (b"", b"m", b"icn-event-v1\0"):
        signature = KEY.sign(message)
        s = int.from_bytes(signature[32:], "little")
        for times in range(1, 16):
            if s + times * ORDER < 2**256:
                malleated = signature[:32] + (s + times * ORDER).to_bytes(32, "little")
                assert not verify(KEY.public, message, malleated)
        assert s + ORDER < 2**256


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_small_order_keys_verify_nothing(name: str) -> None:
    """With A of order 1, 2, 4 or 8 and S = r the plain equation holds for one in so many messages; try 64."""
    public = SMALL_ORDER[name]
    for r in range(1, 65):
        assert not verify(public, b"any message", base_times(r) + r.to_bytes(32, "little"))


@pytest.mark.parametrize("name", NON_CANONICAL)
def test_non_canonical_keys_verify_nothing(name: str) -> None:
    public = NON_CANONICAL[name]
    for r in range(1, 17):
        assert not verify(public, b"any message", base_times(r) + r.to_bytes(32, "little"))


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_small_order_r_is_refused(name: str) -> None:
    """S = h a with R the identity is a solution of the equation, which only the owner of a key can make."""
    r_point = SMALL_ORDER[name]
    for number in range(16):
        message = b"%d" % number
        assert not verify(KEY.public, message, crafted(KEY.public, r_point, 0, message))


def test_verification_is_cofactorless() -> None:
    """R with a point of order 8 added satisfies 8 S B = 8 R + 8 h A but not S B = R + h A.

    A libsodium that accepted this would disagree with every node that has another one: the same event would be valid
    here and invalid there. Do not release with it.
    """
    for name, torsion in SMALL_ORDER.items():
        if "order 1" in name or "-0" in name:
            continue
        r_point = plus(base_times(77), torsion)
        for number in range(16):
            message = b"%d" % number
            assert not verify(KEY.public, message, crafted(KEY.public, r_point, 77, message))


def test_a_key_of_mixed_order_verifies_by_the_cofactorless_equation() -> None:
    """A + T8: the equation holds exactly when the challenge is a multiple of 8. check_point refuses such a key."""
    public = plus(KEY.public, TORSION8)
    assert not crypto_core_ed25519_is_valid_point(public)
    held = 0
    for number in range(64):
        message = b"%d" % number
        expected = challenge(base_times(77), public, message) % 8 == 0
        assert verify(public, message, crafted(public, base_times(77), 77, message)) == expected
        held += expected
    assert 0 < held < 64


def test_the_rule_that_a_node_checks_at_its_start() -> None:
    """Its six signatures are what they claim to be: made again here, and judged as they should be."""
    message = b"icn verification rule"
    ordinary = crafted(KEY.public, base_times(77), 77, message)
    s_plus_order = int.from_bytes(ordinary[32:], "little") + ORDER
    mixed, identity = plus(KEY.public, TORSION8), SMALL_ORDER["order 1"]
    assert challenge(base_times(7), mixed, message) % 8 == 0
    made = [
        (True, KEY.public, ordinary),
        (False, KEY.public, ordinary[:32] + s_plus_order.to_bytes(32, "little")),
        (False, KEY.public, crafted(KEY.public, plus(base_times(77), TORSION8), 77, message)),
        (False, KEY.public, crafted(KEY.public, identity, 0, message)),
        (False, identity, base_times(77) + (77).to_bytes(32, "little")),
        (True, mixed, crafted(mixed, base_times(7), 7, message)),
    ]
    pinned = [(holds, bytes.fromhex(public), bytes.fromhex(sig)) for _, holds, public, sig in keys._RULE]
    assert pinned == made
    keys.check_verification_rule()


@pytest.mark.parametrize(
    ("sloppy", "told"), [(lambda *_: True, "accepts S \\+ L"), (lambda *_: False, "refuses an ordinary signature")]
)
def test_a_library_with_another_rule_is_refused(
    monkeypatch: pytest.MonkeyPatch, sloppy: Callable[..., bool], told: str
) -> None:
    monkeypatch.setattr(keys, "verify", sloppy)
    with pytest.raises(keys.OtherVerificationRule, match=told):
        keys.check_verification_rule()


# --- key bindings -----------------------------------------------------------------------------------------------


def test_key_binding_bytes_are_pinned() -> None:
    space = cid_of(b"genesis")
    in_space = key_binding_bytes(space, DID)
    assert in_space == b"icn-key-v1\0" + encode([Link(space), DID])
    assert in_space[11:].hex() == "82d82a582500" + space.hex() + "7838" + DID.encode().hex()
    at_genesis = key_binding_bytes(None, DID)
    assert at_genesis[11:].hex() == "82f6" + "7838" + DID.encode().hex()
    assert decode(in_space[11:]) == [space, DID]


def test_key_bindings_of_other_spaces_and_members_differ() -> None:
    other = did_of(SigningKey.from_seed(bytes(32)).public)
    places = (None, cid_of(b"a"), cid_of(b"b"))
    assert len({key_binding_bytes(space, did) for space in places for did in (DID, other)}) == 6


@pytest.mark.parametrize("space", [b"", b"x" * 36, raw_cid_of(b""), cid_of(b"")[:-1]])
def test_a_key_is_bound_to_a_space_only(space: bytes) -> None:
    with pytest.raises(ValueError, match="genesis"):
        key_binding_bytes(space, DID)
    with pytest.raises(BadKey):
        key_binding_bytes(None, "Alice")


# --- boxes for a key --------------------------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_a_box_for_a_key_opens_with_that_key_alone(plaintext: bytes) -> None:
    """As `crypto_box_seal` makes it for the Curve25519 form of the public key."""
    box = crypto_box_seal(plaintext, crypto_sign_ed25519_pk_to_curve25519(KEY.public))
    assert KEY.open_sealed(box) == plaintext
    assert SigningKey.from_seed(bytes(32)).open_sealed(box) is None
    assert KEY.open_sealed(box + b"\0") is None
    for at in (0, 31, 32, len(box) - 1):
        assert KEY.open_sealed(box[:at] + bytes((box[at] ^ 1,)) + box[at + 1 :]) is None


@pytest.mark.parametrize("length", [0, 1, 31, 47, 48, 100])
def test_bytes_that_are_no_box_do_not_open(length: int) -> None:
    assert KEY.open_sealed(bytes(length)) is None


# --- sealing ----------------------------------------------------------------------------------------------------

CHEAP: dict[str, Any] = {"salt": bytes(16), "nonce": bytes(24), "ops": 1, "mem": 8192}
SEALED = seal(SEED, b"correct horse", **CHEAP)


def rechecked(sealed: bytes) -> bytes:
    """Sealed bytes whose checksum was mended by whoever altered them."""
    return sealed[:-32] + sha256(sealed[:-32]).digest()


def test_the_sealed_form_is_pinned() -> None:
    assert SEALED.hex() == (
        "69636e2d7365616c65642d763100"
        "00000001"
        "00000008"
        "00000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000"
        "e8a9d864f99d08c46f66e8db50d5c65e"
        "92c893845a19bd5089691434058b145cadc7b633973bd652a17c48a57fa45f4e"
        "8e77ea664163165d8da394be8667fe60e499444e8213901e8f44680d7ee5a9a6"
    )
    assert SEALED[-32:] == sha256(SEALED[:-32]).digest()


@pytest.mark.parametrize("length", [0, 1, 32, 1000, SEAL_MAX_PLAINTEXT])
def test_sealed_data_opens(length: int) -> None:
    plaintext = b"p" * length
    sealed = seal(plaintext, b"s", salt=b"a" * 16, nonce=b"n" * 24, ops=2, mem=16384)
    assert unseal(sealed, b"s") == plaintext
    assert len(sealed) == 14 + 8 + 16 + 24 + 16 + length + 32


def test_salt_nonce_and_cost_make_another_box() -> None:
    others = [
        seal(SEED, b"correct horse", **{**CHEAP, name: value})
        for name, value in (("salt", b"a" * 16), ("nonce", b"a" * 24), ("ops", 2), ("mem", 16384))
    ]
    assert len({sealed[62:-32] for sealed in [SEALED, *others]}) == 5
    assert all(unseal(sealed, b"correct horse") == SEED for sealed in others)


@pytest.mark.parametrize("secret", [b"", b"correct hors", b"correct horse ", b"Correct horse", b"\0"])
def test_another_secret_does_not_open(secret: bytes) -> None:
    with pytest.raises(WrongSecret):
        unseal(SEALED, secret)


def test_every_flipped_byte_is_noticed() -> None:
    for at in range(len(SEALED)):
        altered = SEALED[:at] + bytes((SEALED[at] ^ 0x40,)) + SEALED[at + 1 :]
        with pytest.raises(Damaged) as damage:
            unseal(altered, b"correct horse")
        assert damage.value.reason == ("magic" if at < len(SEAL_MAGIC) else "checksum")


@pytest.mark.parametrize("at", [22, 37, 38, 61, 62, 77, 78, 109])
def test_alteration_with_a_mended_checksum_does_not_open(at: int) -> None:
    """Salt, nonce and box are bound to each other by the key and the MAC, not by the checksum."""
    altered = rechecked(SEALED[:at] + bytes((SEALED[at] ^ 1,)) + SEALED[at + 1 :])
    with pytest.raises(WrongSecret):
        unseal(altered, b"correct horse")


def test_truncated_and_foreign_files_are_damaged() -> None:
    for end in range(len(SEALED)):
        with pytest.raises(Damaged):
            unseal(SEALED[:end], b"correct horse")
    for foreign in (b"", b"icn-sealed-v2\0" + SEALED[14:], bytes(200), SEALED[1:]):
        with pytest.raises(Damaged, match="magic"):
            unseal(foreign, b"correct horse")
    with pytest.raises(Damaged, match="length"):
        unseal(SEALED + bytes(SEAL_MAX_PLAINTEXT), b"correct horse")


@pytest.mark.parametrize(
    "cost", ["00000000 00000008", "00000009 00000008", "ffffffff 00000008", "00000001 00000007", "00000001 00040001"]
)
def test_a_hostile_cost_is_refused_before_it_is_paid(cost: str) -> None:
    hostile = rechecked(SEALED[:14] + bytes.fromhex(cost) + SEALED[22:])
    with pytest.raises(Damaged, match="cost"):
        unseal(hostile, b"correct horse")


@pytest.mark.parametrize(
    "wrong",
    [
        {"salt": bytes(15)},
        {"nonce": bytes(23)},
        {"ops": 0},
        {"ops": 9},
        {"mem": 8191},
        {"mem": 4096},
        {"mem": 8193},
        {"mem": SEAL_MAX_MEM + 1024},
    ],
)
def test_sealing_checks_its_parameters(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        seal(SEED, b"s", **{**CHEAP, **wrong})


def test_sealing_refuses_no_secret_and_too_much() -> None:
    with pytest.raises(ValueError, match="empty"):
        seal(SEED, b"", **CHEAP)
    with pytest.raises(ValueError, match="at most"):
        seal(bytes(SEAL_MAX_PLAINTEXT + 1), b"s", **CHEAP)


def test_a_typed_secret_is_the_same_on_every_keyboard() -> None:
    composed, combining = "caf\u00e9", "cafe\u0301"
    assert composed != combining
    assert secret_bytes(composed) == secret_bytes(combining) == b"caf\xc3\xa9"
