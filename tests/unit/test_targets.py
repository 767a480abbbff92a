"""Where letters may go, and how they are signed."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from features.errors import DocumentRefused
from serving.webhooks.signing import KEY_FILE, as_told, key_of, secret_of, signature
from serving.webhooks.targets import (
    Rules,
    TargetRefused,
    checked_address,
    is_public,
    send,
    split_url,
)

PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
)


@pytest.mark.parametrize("told", PRIVATE)
def test_no_address_of_a_network_of_our_own_is_public_in_whatever_disguise(told: str):
    assert not is_public(ip_address(told))


@pytest.mark.parametrize("told", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are(told: str):
    assert is_public(ip_address(told))


def looking_up(*addresses: str):
    def look_up(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return look_up


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    url = split_url("https://crm.example/hook")
    look_up = looking_up("93.184.215.14", "127.0.0.1")
    with pytest.raises(TargetRefused, match=r"127\.0\.0\.1, which is not public"):
        checked_address(url, Rules(), look_up)
    assert checked_address(url, Rules(), looking_up("93.184.215.14")) == "93.184.215.14"


def test_a_name_that_points_elsewhere_after_the_check_is_not_asked_there():
    asked = []

    def look_up(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    # The second look-up never comes: the address that was checked is the one that is used.
    assert checked_address(split_url("https://a.example/"), Rules(), look_up) == "93.184.215.14"
    assert asked == ["a.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_this_machine_is_not_asked_however_it_is_written(host: str):
    with pytest.raises(TargetRefused):
        send(f"https://{host}:9/", "{}", {}, Rules())


def test_an_allowed_network_is_reached_and_only_there_without_tls():
    rules = Rules((ip_network("10.1.0.0/16"),))
    inside, outside = looking_up("10.1.2.3"), looking_up("10.2.2.3")
    assert checked_address(split_url("http://in.example/"), rules, inside) == "10.1.2.3"
    with pytest.raises(TargetRefused, match="not public"):
        checked_address(split_url("https://in.example/"), rules, outside)
    with pytest.raises(TargetRefused, match="TLS"):
        checked_address(split_url("http://in.example/"), rules, looking_up("93.184.215.14"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "https://",
        "https://name:secret@a.example/",
        "https://a.example/#part",
        "https://a.example:99999/",
        "https://a.example/\r\nhost: b",
        "file:///etc/passwd",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_what_is_no_target_is_refused(url: str):
    with pytest.raises(TargetRefused):
        split_url(url)


def test_signatures_are_those_of_the_standards_own_library():
    # Made and verified by the PyPI package standardwebhooks 1.1.0.
    secret = secret_of(b"k" * 32, "0123456789abcdef", 1)
    assert as_told(secret) == "whsec_bDTSRNqyY9bZes2p1ZxJGy4nVXIL87gBibPsuE+p6J8="
    told = signature(secret, "msg_1", 1788000000, '{"type":"grade.changed"}')
    assert told == "v1,tsDFPeRh+E2yzni6Cz8pROs+Jd5y1jPaZLSkXjDVOAc="


def test_every_webhook_and_generation_has_a_secret_of_its_own():
    secrets = {secret_of(b"k" * 32, name, g) for name in ("a", "b") for g in (1, 2)}
    assert len(secrets) == 4


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path):
    first = key_of(tmp_path, None)
    assert key_of(tmp_path, None) == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert key_of(tmp_path, "x" * 32) == b"x" * 32
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(DocumentRefused, match="damaged"):
        key_of(tmp_path, None)
