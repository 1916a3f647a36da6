"""Has a real ExaBGP announce what a node blocks, by BGP, to another one that says what it was told."""

import contextlib
import json
import os
import pathlib
import pwd
import socket
import subprocess
import sys
import time

SCRIPT = pathlib.Path(__file__).parents[2] / "packaging/exabgp/aegis-flowspec"
DEADLINE_SECS = 60

# ExaBGP's own end of a session is 127.0.0.1, the router's is 127.0.0.2.
OURS = """
process aegis {{ run /bin/sh {script} 0.2; encoder text; }}
neighbor 127.0.0.2 {{
    router-id 192.0.2.1; local-address 127.0.0.1; local-as 65001; peer-as 65002;
    family {{ ipv4 flow; ipv6 flow; }}
    api {{ processes [ aegis ]; }}
}}
"""
ROUTERS = """
process told {{ run {script}; encoder json; }}
neighbor 127.0.0.1 {{
    router-id 192.0.2.2; local-address 127.0.0.2; local-as 65002; peer-as 65001; passive true;
    family {{ ipv4 flow; ipv6 flow; }}
    api {{ processes [ told ]; receive {{ parsed; update; }} }}
}}
"""


def check(aegis, program, scratch):
    """`aegis` runs a command of the node's, whose `program` the script finds."""
    place = scratch / "exabgp"
    (place / "bin").mkdir(parents=True)
    (place / "bin/aegis").symlink_to(program)
    told = place / "told.jsonl"
    told.touch()
    listener = place / "listener"
    listener.write_text(f"#!/bin/sh\nwhile read -r line; do echo \"$line\"; done >>{told}\n")
    listener.chmod(0o755)
    with socket.socket() as it:
        it.bind(("127.0.0.2", 0))
        port = it.getsockname()[1]
    with contextlib.ExitStack() as running:
        router = ROUTERS.format(script=listener)
        running.enter_context(exabgp(place, "router", router, port, bind="127.0.0.2"))
        until("the router listens", lambda: is_open(port))
        ours = OURS.format(script=SCRIPT)
        running.enter_context(exabgp(place, "ours", ours, port))
        wanted = sources(aegis)
        assert len(wanted) >= 1000 and any(":" in it for it in wanted), len(wanted)
        until("all is announced", lambda: rules(told) == wanted)
        gone = sorted(wanted)[0]
        aegis("unblock", gone)
        aegis("block", "198.51.100.99", "1h", "brute_force", "10")
        until("what changed is said", lambda: rules(told) == sources(aegis))
        assert gone not in rules(told)
        assert rules(told) >= {"198.51.100.99/32"}
        aegis("unblock", "198.51.100.99")
    check_file(place / "list")
    print(f"exabgp: {len(wanted)} flow rules are announced, and withdrawn where a block ended")


def check_file(file):
    """The script says what changes in a file, and nothing where there is none."""
    first, second = "announce flow route one\n", "announce flow route two\n"
    file.write_text(first + second)
    words = ["/bin/sh", SCRIPT, "0.1", file]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as it:
        assert [it.stdout.readline(), it.stdout.readline()] == [first, second]
        file.unlink()
        assert "No such file" in it.stderr.readline()
        other = file.with_name("new")
        other.write_text(second)
        other.rename(file)
        assert it.stdout.readline() == "withdraw flow route one\n"
        it.stdin.close()
        assert it.stdout.readline() == ""


@contextlib.contextmanager
def exabgp(place, name, config, port, **more):
    file = place / f"{name}.conf"
    file.write_text(config)
    values = {
        "tcp.port": port, "tcp.delay": 0, "daemon.user": pwd.getpwuid(os.getuid()).pw_name,
        "daemon.drop": "false", "api.cli": "false",
    }
    values |= {f"tcp.{key}": value for key, value in more.items()}
    environment = os.environ | {f"exabgp.{key}": str(value) for key, value in values.items()}
    environment["PATH"] = f"{place / 'bin'}:{environment['PATH']}"
    program = pathlib.Path(sys.executable).with_name("exabgp")
    with open(place / f"{name}.log", "wb") as log:
        words = [program, "server", file]
        running = subprocess.Popen(words, stdout=log, stderr=log, env=environment)
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(timeout=10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def sources(aegis):
    """What the node wants to have announced."""
    lines = aegis("export", "flowspec").splitlines()
    return {line.split("source ")[1].split(";")[0] for line in lines}


def rules(told):
    """What is announced to the router, of rules that have it drop everything from a source."""
    held = set()
    for line in told.read_text().splitlines():
        if not line.endswith("}"):
            continue  # it is being written
        update = json.loads(line)["neighbor"]["message"].get("update", {})
        for family, about in update.get("announce", {}).items():
            communities = update["attribute"]["extended-community"]
            assert [it["string"] for it in communities] == ["rate-limit:0"], communities
            for it in about["no-nexthop"]:
                held |= set(source(family, it))
        for family, about in update.get("withdraw", {}).items():
            for it in about:
                held -= set(source(family, it))
    return held


def source(family, rule):
    """The one condition of a rule; that of IPv6 has the bit at which it begins, too."""
    if family == "ipv4 flow":
        assert rule.keys() == {"source-ipv4", "string"}, rule
        return rule["source-ipv4"]
    assert rule.keys() == {"source-ipv6", "string"}, rule
    assert all(it.endswith("/0") for it in rule["source-ipv6"]), rule
    return [it.removesuffix("/0") for it in rule["source-ipv6"]]


def is_open(port):
    """Whether somebody listens; a connection would be taken for the other router's."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()
    return any(f" 0200007F:{port:04X} " in it and " 0A " in it for it in lines)


def until(what, is_so):
    deadline = time.monotonic() + DEADLINE_SECS
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.2)
