"""Which hosts a grant opens, and which addresses no name may lead to."""

from __future__ import annotations

import ipaddress

import pytest

from assistant.sandbox.addresses import Allowed, HostRefused, canonical_host, is_public, split_host


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.192", "168.63.129.16", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1",
        "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "::127.0.0.1", "2001::1", "fe80::1%lo", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_a_machine_or_network_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "text",
    [
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0177.0.0.1",
        "1.2.3",
        "",
        "a b",
        "-a.com",
        "a..b",
        "a_b.0x1",
        "a\n.com",
        "a/b",
    ],
)
def test_addresses_in_disguise_and_things_that_are_no_names_are_refused(text: str) -> None:
    with pytest.raises(HostRefused):
        canonical_host(text)


def test_names_have_one_form() -> None:
    assert canonical_host("PyPI.org.") == "pypi.org"
    assert canonical_host("[::1]") == "::1"
    assert canonical_host("bücher.example") == "xn--bcher-kva.example"
    assert split_host("a.com:8443") == ("a.com", 8443)
    assert split_host("[::1]:80") == ("::1", 80)
    assert split_host("::1") == ("::1", None)


class TestGrants:
    def test_a_host_without_a_port_opens_the_ports_of_the_web(self) -> None:
        allowed = Allowed(["a.com"])
        assert allowed.check_name("A.com", 443) == "a.com"
        assert allowed.check_name("a.com.", 80) == "a.com"
        with pytest.raises(HostRefused, match="port 22"):
            allowed.check_name("a.com", 22)

    def test_a_port_opens_just_that(self) -> None:
        allowed = Allowed(["a.com:22"])
        assert allowed.check_name("a.com", 22) == "a.com"
        with pytest.raises(HostRefused):
            allowed.check_name("a.com", 443)

    @pytest.mark.parametrize("host", ["b.com", "x.a.com", "a.com.evil.org", "a.co", "evil-a.com"])
    def test_other_names_stay_shut(self, host: str) -> None:
        with pytest.raises(HostRefused, match="not granted"):
            Allowed(["a.com"]).check_name(host, 443)

    def test_a_granted_name_leads_nowhere_inside(self) -> None:
        allowed = Allowed(["a.com", "localhost:8000", "10.0.0.1:80"])
        with pytest.raises(HostRefused, match="inside this machine"):
            allowed.check_address("a.com", 443, ipaddress.ip_address("127.0.0.1"))
        allowed.check_address("localhost", 8000, ipaddress.ip_address("127.0.0.1"))
        allowed.check_address("10.0.0.1", 80, ipaddress.ip_address("10.0.0.1"))
        with pytest.raises(HostRefused):
            allowed.check_address("localhost", 8000, ipaddress.ip_address("10.0.0.1"))
