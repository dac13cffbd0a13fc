"""What the apps of one command share."""

from __future__ import annotations

import copy
import ssl
import threading

import pytest
import requests
from requests.utils import get_environ_proxies

from azext_pythonapp.appservice.app import _Session
from azext_pythonapp.appservice.connections import (
    Connections,
    EnvironmentProxies,
    SharedTls,
    bundle_of_environment,
    one_first,
)
from azext_pythonapp.errors import Unreachable
from tests.unit.local_azure.linux_azure import LinuxAzure


def opened(azure: LinuxAzure, tls: SharedTls, verify: str | bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": azure.env["HTTPS_PROXY"]}
    session.verify = verify
    session.mount("https://", tls.adapter(verify))
    return session


def test_sessions_share_one_reading_of_the_certificates(azure, monkeypatch):
    tls, bundle = SharedTls(), azure.env["REQUESTS_CA_BUNDLE"]
    for _ in range(3):
        with opened(azure, tls, bundle) as session:
            assert session.get("https://management.azure.com/", timeout=60).status_code < 500
            (pool,) = [
                manager.connection_from_url("https://management.azure.com/")
                for manager in session.get_adapter("https://").proxy_manager.values()
            ]
            assert pool.ca_certs is None
    assert len(tls._contexts) == 1


def test_a_certificate_of_another_authority_is_refused(azure):
    with opened(azure, SharedTls(), True) as session, pytest.raises(requests.exceptions.SSLError):
        session.get("https://management.azure.com/", timeout=60)


def test_a_wrong_host_name_is_refused(azure):
    with opened(azure, SharedTls(), azure.env["REQUESTS_CA_BUNDLE"]) as session:
        port = azure.env["HTTPS_PROXY"]
        assert port
        context = session.get_adapter("https://")._context
        assert context.check_hostname


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_of_the_environment(monkeypatch, name):
    for each in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(each, raising=False)
    assert bundle_of_environment().endswith(".pem")
    monkeypatch.setenv(name, "/ca.pem")
    assert bundle_of_environment() == "/ca.pem"


def test_the_first_request_is_alone():
    running, most, lock = [0], [0], threading.Lock()
    sent = []

    def send(number):
        with lock:
            running[0] += 1
            first = not sent
            sent.append(number)
            if first:
                most[0] = running[0]
        if number == 0:
            raise Unreachable("No network.")
        with lock:
            running[0] -= 1
        return number

    alone = one_first(send)
    with pytest.raises(Unreachable):
        alone(0)
    assert [alone(each) for each in (1, 2)] == [1, 2] and sent == [0, 1, 2] and most == [1]


def test_a_token_is_asked_for_once_for_all_apps():
    asked = []
    shared = Connections(
        None, {}, lambda subscription: asked.append(subscription) or f"token {len(asked)}", print, True
    )
    threads = [threading.Thread(target=shared.token, args=(each,)) for each in ["sub", "SUB"] * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.token("sub") == "token 1" and len(asked) == 1
    assert shared.token("other") == "token 2"


def test_after_a_failure_the_others_do_not_wait_for_each_other():
    entered, first, met = threading.Event(), threading.Event(), threading.Barrier(3)

    def send(number):
        if number == 0:
            entered.set()
            assert first.wait(60)
            raise Unreachable("No network.")
        met.wait(60)  # all others are sent at the same time
        return number

    alone, ended = one_first(send), []

    def ask(number):
        try:
            ended.append(alone(number))
        except (Unreachable, threading.BrokenBarrierError) as error:
            ended.append(type(error).__name__)

    threads = [threading.Thread(target=ask, args=(0,))]
    threads[0].start()
    assert entered.wait(60)
    threads += [threading.Thread(target=ask, args=(number,)) for number in (1, 2, 3)]
    for thread in threads[1:]:
        thread.start()
    first.set()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == ["1", "2", "3", "Unreachable"]


def test_certificates_are_judged_as_this_python_does(monkeypatch):
    usual = ssl.create_default_context

    def strict(**given):
        context = usual(**given)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # as from Python 3.13 on
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    context = SharedTls().adapter(bundle_of_environment())._context
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED


PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HTTPS_PROXY": "http://one:1"},
        {"https_proxy": "http://one:1", "all_proxy": "http://two:2", "HTTPS_PROXY": "http://three:3"},
        {"HTTPS_PROXY": "http://one:1", "NO_PROXY": ".scm.azurewebsites.net,localhost"},
        {"HTTPS_PROXY": "http://one:1", "no_proxy": "*"},
        {"NO_PROXY": "localhost"},
    ],
)
def test_the_proxies_are_those_that_requests_takes(monkeypatch, variables):
    for name in PROXY_NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxies, plain = EnvironmentProxies(), requests.Session()
    for url in (
        "https://shop.scm.azurewebsites.net/api",
        "https://shop.azurewebsites.net/",
        "http://localhost:80/a",
    ) * 2:
        usual = plain.merge_environment_settings(url, {}, None, None, None)
        ours = _Session(proxies).merge_environment_settings(url, {}, None, None, None)
        assert ours == usual and proxies.of(url) == get_environ_proxies(url)


def test_a_session_without_trust_in_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    session = _Session(EnvironmentProxies())
    session.trust_env = False
    assert session.merge_environment_settings("https://shop", {}, None, None, None)["proxies"] == {}


def test_a_copy_of_a_session_knows_the_proxies(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    again = copy.copy(_Session(EnvironmentProxies()))
    assert again.merge_environment_settings("https://shop", {}, None, None, None)["proxies"]["https"] == "http://one:1"
