"""Has the field's own programs read what a node hands out, and the node read what they write.

`cargo xtask interop` starts the node, and says in the environment where it is. Each check asserts; the first
that fails ends the run.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import uuid

import pymispwarninglists
import requests
from pymisp import MISPEvent, MISPOrganisation
from stix2validator import ValidationOptions, validate_instance
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

import flowspec

PROGRAM = os.environ["AEGIS_PROGRAM"]
URL = os.environ["AEGIS_URL"]
KEY = os.environ["AEGIS_KEY"]
HERE = pathlib.Path(os.environ["AEGIS_SCRATCH"])
DEADLINE_SECS = 30
MEDIA_TYPE = "application/taxii+json;version=2.1"


def aegis(*words, given=None):
    ended = subprocess.run(
        [PROGRAM, *words], input=given, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{words}: {ended.stdout} {ended.stderr}"
    return ended.stdout


def is_blocked(indicator):
    ended = subprocess.run([PROGRAM, "check", indicator], capture_output=True, check=False)
    return ended.returncode == 0


def get(path, **more):
    answer = requests.get(URL + path, auth=("anybody", KEY), timeout=DEADLINE_SECS, **more)
    return answer


def must_be_valid(objects):
    bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": objects}
    result = validate_instance(bundle, ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors[:3]


def fill():
    """Has the node block a thousand things: addresses and prefixes of both families."""
    lines = []
    for number in range(1000):
        high, low = divmod(number, 250)
        lines.append(
            [
                f"203.0.{113 + high}.{low}",
                f"45.{high}.{low}.0/24",
                f"2001:db8:{number:x}::1",
                f"2001:db8:{number:x}::/64",
            ][number % 4]
        )
    aegis("import", "list", "-", "--for", "1d", given="\n".join(lines))
    aegis("block", "198.51.100.7", "1h", "brute_force", "8")
    return len(lines) + 1


def check_stix(count):
    bundle = json.loads(aegis("export", "stix"))
    result = validate_instance(bundle, ValidationOptions(version="2.1"))
    assert result.is_valid, result.errors[:3]
    objects = bundle["objects"]
    assert len(objects) == count + 1, len(objects)
    served = get("/v1/export/stix").json()
    assert served["objects"] == objects
    assert len({it["id"] for it in objects}) == len(objects)
    print(f"stix2-validator: a bundle of {len(objects)} objects is valid")
    return objects


def check_taxii(bundle):
    server = Server(f"{URL}/taxii2/", user="anybody", password=KEY)
    root = server.default
    assert root.versions == [MEDIA_TYPE], root.versions
    named = {it.alias: it for it in root.collections}
    collection = named["active-blocks"]
    assert collection.can_read and not collection.can_write

    objects, pages = [], 0
    for page in as_pages(collection.get_objects, per_request=100):
        assert len(page["objects"]) <= 100
        objects += page["objects"]
        pages += 1
    assert sorted(it["id"] for it in objects) == sorted(it["id"] for it in bundle)
    assert pages == 11, pages
    must_be_valid(objects)
    manifest = []
    for page in as_pages(collection.get_manifest, per_request=400):
        manifest += page["objects"]
    assert [it["id"] for it in manifest] == [it["id"] for it in objects]
    added = [it["date_added"] for it in manifest]
    assert added == sorted(set(added))
    print(f"taxii2-client: {len(objects)} objects in {pages} pages, the manifest names the same")

    assert collection.get_objects(added_after=added[-1]) == {}
    aegis("block", "198.51.100.8", "1h", "port_scan", "6")
    news = collection.get_objects(added_after=added[-1])["objects"]
    assert [it["pattern"] for it in news] == ["[ipv4-addr:value = '198.51.100.8']"], news
    last = collection.get_manifest(added_after=added[-1])["objects"][-1]["date_added"]
    aegis("unblock", "198.51.100.8")
    revoked = collection.get_objects(added_after=last)["objects"]
    assert [it["id"] for it in revoked] == [news[0]["id"]]
    assert revoked[0]["revoked"] and revoked[0]["modified"] > news[0]["modified"]
    must_be_valid(revoked)
    print("taxii2-client: what is new comes with added_after, what is taken back is revoked")

    one = collection.get_object(objects[5]["id"])["objects"]
    assert one == [objects[5]]
    versions = collection.object_versions(objects[5]["id"])["versions"]
    assert versions == [objects[5]["modified"]]
    identity = collection.get_objects(type="identity")["objects"]
    assert [it["type"] for it in identity] == ["identity"]
    local = named["local-observations"].get_objects(type="indicator")["objects"]
    assert all("198.51.100." in it["pattern"] for it in local) and local
    place = f"{URL}/taxii2/aegis/collections/{collection.id}/objects/"
    said = get(place.removeprefix(URL), headers={"Accept": "application/xml"})
    assert said.status_code == 406 and said.json()["http_status"] == "406", said.text
    assert said.headers["Content-Type"] == MEDIA_TYPE
    stranger = requests.get(place, auth=("anybody", "wrong"), timeout=DEADLINE_SECS)
    assert stranger.status_code == 401, stranger.text
    bearer = {"Authorization": f"Bearer {KEY}"}
    assert requests.get(place, headers=bearer, timeout=DEADLINE_SECS).status_code == 200
    said = requests.post(place, auth=("anybody", KEY), json={}, timeout=DEADLINE_SECS)
    assert said.status_code == 403, said.text
    page = get(place.removeprefix(URL), params={"limit": 10})
    assert page.headers["X-TAXII-Date-Added-First"] == added[0]
    assert page.headers["X-TAXII-Date-Added-Last"] == added[9]
    print("taxii2-client: one object, its versions, filters and errors are the standard's")
    return json.dumps({"objects": objects})


def check_misp(count):
    feed = HERE / "feed"
    aegis("export", "misp-feed", "--output", str(feed))
    manifest = json.loads((feed / "manifest.json").read_text())
    (name, about), = manifest.items()
    files = sorted(it.name for it in feed.iterdir())
    assert files == sorted(["manifest.json", "hashes.csv", f"{name}.json"]), files
    for it in feed.iterdir():
        assert get(f"/misp/{it.name}").text == it.read_text(), it.name
    event = MISPEvent()
    event.load_file(feed / f"{name}.json")
    assert event.uuid == name and event.info == about["info"]
    assert int(event.timestamp.timestamp()) == int(about["timestamp"])
    assert [it.name for it in event.tags] == ["tlp:green"]
    assert len(event.attributes) == count, len(event.attributes)
    assert all(it.type == "ip-src" and it.to_ids for it in event.attributes)
    assert len({it.uuid for it in event.attributes}) == count
    hashes = [it.split(",") for it in (feed / "hashes.csv").read_text().splitlines()]
    assert [it[0] for it in hashes] == event.attributes_hashes("md5")
    assert {it[1] for it in hashes} == {name}
    assert hashes[0][0] == hashlib.md5(event.attributes[0].value.encode()).hexdigest()
    ours, theirs = set(about), set(event.manifest[name])
    assert theirs <= ours, theirs - ours
    print(f"pymisp: a feed with {count} attributes, its manifest and its hashes agree")


def check_reading_misp():
    event = MISPEvent()
    event.info = 'Sources; "quoted",\nand a line'
    event.set_date("2026-11-20")
    event.Orgc = MISPOrganisation()
    event.Orgc.from_dict(name="Others", uuid=str(uuid.uuid4()))
    for kind, value, to_ids in [
        ("ip-src", "100.30.0.1", True),
        ("ip-dst|port", "100.30.0.2|443", True),
        ("ip-src", "2a00:1450:1::/48", True),
        ("ip-src", "100.30.0.4", False),
        ("domain", "example.org", True),
    ]:
        event.add_attribute(kind, value, to_ids=to_ids, comment="'; DROP\r\n")
    written = HERE / "theirs.json"
    written.write_text(json.dumps(event.to_feed()))
    aegis("import", "feed", str(written), "--format", "misp")
    assert is_blocked("100.30.0.1") and is_blocked("100.30.0.2")
    assert is_blocked("2a00:1450:1::/48")
    assert not is_blocked("100.30.0.4")
    print("pymisp: an event that it writes is read")


def check_warninglists():
    """Has every list of networks that MISP's project publishes keep its own entries out of a feed of all of them."""
    published = pathlib.Path(pymispwarninglists.__file__).parent / "data/misp-warninglists/lists"
    words, entries = [], []
    for file in sorted(published.glob("*/list.json")):
        told = json.loads(file.read_text())
        if told["type"] == "cidr":
            words += ["--warninglist", str(file)]
            entries += told["list"]
    assert len(words) > 100 and len(entries) > 100_000, (len(words), len(entries))
    feed = ["import", "feed", "-", "--format", "plain", "--json"]
    told = json.loads(aegis(*feed, *words, given="\n".join(entries)))
    assert told["blocked"] == told["refused"] == 0, told
    assert told["skipped_lines"] == [f"{len(entries)} are on a warninglist"], told
    print(f"misp-warninglists: {len(words) // 2} lists are read, and keep out all of their {len(entries)} entries")


def check_medallion(page):
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port = it.getsockname()[1]
    collection_id = str(uuid.uuid4())
    media = "application/stix+json;version=2.1"
    collection = {
        "id": collection_id, "title": "Theirs", "can_read": True, "can_write": True,
        "media_types": [media], "objects": [], "manifest": [],
    }
    place = f"http://127.0.0.1:{port}"
    information = {"title": "Theirs", "versions": [MEDIA_TYPE], "max_content_length": 10**8}
    data = {
        "/discovery": {"title": "Theirs", "default": f"{place}/api/", "api_roots": [f"{place}/api/"]},
        "api": {"information": information, "status": [], "collections": [collection]},
    }
    (HERE / "data.json").write_text(json.dumps(data))
    config = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(HERE / "data.json"),
        },
        "users": {"reader": "secret"},
        "taxii": {"max_page_size": 50},
    }
    (HERE / "medallion.json").write_text(json.dumps(config))
    program = pathlib.Path(sys.executable).with_name("medallion")
    words = [program, "--host", "127.0.0.1", "--port", str(port), HERE / "medallion.json"]
    with open(HERE / "medallion.log", "wb") as log:
        running = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        read_medallion(running, f"{place}/api/", collection_id, page)
    finally:
        running.kill()
        running.wait()


def read_medallion(running, root, collection_id, page):
    deadline = time.monotonic() + DEADLINE_SECS
    while True:
        try:
            requests.get(root, timeout=1)
            break
        except requests.ConnectionError:
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    auth = {"user": "reader", "password": "secret"}
    collection = Collection(f"{root}collections/{collection_id}/", **auth)
    assert ApiRoot(root, **auth).title == "Theirs"
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    theirs = [
        {
            "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.uuid4()}",
            "created": stamp, "modified": stamp, "valid_from": stamp, "pattern_type": "stix",
            "pattern": f"[ipv4-addr:value = '100.20.{number}.1']",
        }
        for number in range(120)
    ]
    # What this node gave out goes through another server and back.
    ours = json.loads(page)["objects"][:30]
    for start in range(0, len(theirs), 60):
        collection.add_objects({"objects": theirs[start:start + 60]})
    status = collection.add_objects({"objects": ours})
    assert status.failure_count == 0, status
    pages = list(as_pages(collection.get_objects, per_request=50))
    assert len(pages) == 3, len(pages)
    for it in pages:
        aegis("import", "feed", "-", "--format", "taxii", given=json.dumps(it))
    assert all(is_blocked(f"100.20.{number}.1") for number in (0, 59, 119))
    print("medallion: what it serves is read, and it takes what the node gives out")
    key = HERE / "medallion.key"
    key.touch(mode=0o600)
    key.write_text("Basic " + base64.b64encode(b"reader:secret").decode())
    follow("medallion", collection.url, "taxii", key, 149)  # of ours one is the identity


def check_following(count):
    """Has the node follow its own TAXII server and its own feed of MISP, as another node would."""
    key = HERE / "own.key"
    key.touch(mode=0o600)
    key.write_text(f"Bearer {KEY}")
    place = f"{URL}/taxii2/aegis/collections/active-blocks/"
    follow("own-taxii", place, "taxii", key, count)
    follow("own-misp", f"{URL}/misp/", "misp", key, count)


def follow(name, url, kind, key, count):
    aegis("feed", "add", name, "--url", url, "--kind", kind, "--key-file", str(key))
    deadline = time.monotonic() + DEADLINE_SECS
    while True:
        told = json.loads(aegis("feed", "show", name, "--json"))
        entries = (told.get("last") or {}).get("entries", 0)
        if entries >= count:
            break
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    print(f"aegis feed: {entries} entries of {name}")


def main():
    began = time.monotonic()
    count = fill()
    objects = check_stix(count)
    page = check_taxii(objects)
    check_misp(count)
    check_reading_misp()
    check_warninglists()
    check_medallion(page)
    check_following(count)
    flowspec.check(aegis, PROGRAM, HERE)
    print(f"all of it in {time.monotonic() - began:.1f} s")


main()
