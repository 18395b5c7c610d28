"""Ask an engine for what Foreman never asks, and print what each was answered; run in the container of the daemon."""

import json
import os
import re
import socket
from pathlib import Path

import docker
import docker.errors

from foreman.agent.resources import Resources
from foreman.agent.sealing import Place, common_options, sealed_options

engine = docker.from_env()
other = engine.containers.list()[0].id
found = {}


def ask(name, method, path, data=None):
    headers = {"Content-Type": "application/json"}
    body = None if data is None else json.dumps(data)
    found[name] = getattr(engine.api, method)(engine.api._url(path), data=body, headers=headers).status_code


def ask_in_letters(name, text):
    """A client's library would put such a path in order."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["DOCKER_HOST"].removeprefix("unix://"))
        line.sendall(text.replace("\n", "\r\n").encode())
        found[name] = int(line.recv(4096).split()[1])


ask("run in another", "post", f"/containers/{other}/exec", {"Cmd": ["sh"]})
ask("attach", "post", f"/containers/{other}/attach?stream=1&stdin=1")
ask("copy out", "get", f"/containers/{other}/archive?path=/etc/shadow")
ask("copy in", "put", f"/containers/{other}/archive?path=/", {})
ask("change", "post", f"/containers/{other}/update", {"Memory": 0})
ask("export", "get", f"/containers/{other}/export")
ask("stop", "post", f"/containers/{other}/stop")
ask("start with a configuration", "post", f"/containers/{other}/start", {"HostConfig": {"Privileged": True}})
ask("commit", "post", f"/commit?container={other}", {})
ask("pull", "post", "/images/create?fromImage=alpine")
ask("build", "post", "/build")
ask("remove an image", "delete", "/images/foreman")
ask("make a volume", "post", "/volumes/create", {"DriverOpts": {"type": "none", "o": "bind", "device": "/"}})
ask("make a network", "post", "/networks/create", {"Name": "x"})
ask("join a swarm", "post", "/swarm/init", {})
ask("secrets of a swarm", "get", "/secrets")
ask("plugins", "get", "/plugins")
ask("events", "get", "/events")
ask_in_letters("up and down", "GET /v1.41/images/../containers/x/json HTTP/1.1\nHost: x\n\n")
ask_in_letters("up and down, hidden", "GET /v1.41/images/%2e%2e/containers/x/json HTTP/1.1\nHost: x\n\n")
ask_in_letters(
    "another protocol",
    f"POST /v1.41/containers/{other}/start HTTP/1.1\nHost: x\nUpgrade: tcp\nConnection: upgrade\n\n",
)

# The body of a sealed container, in the very words of Foreman; then with one thing changed.
options = common_options(agent="issue-triage", owner="intruder", image="no-such-image:0", resources=Resources())
for folder in ("/run/foreman/x", "/run/foreman/y"):
    Path(folder).mkdir()
options |= sealed_options(Place(agent_source="/run/foreman/x", gateway_dir="/run/foreman/y"))
sent = []
post = engine.api._post_json


def keep(url, data, **more):
    sent.append((url, json.dumps({name: value for name, value in data.items() if value is not None})))
    return post(url, data, **more)


engine.api._post_json = keep
try:
    engine.containers.create(**options)
except docker.errors.ImageNotFound:
    found["as Foreman does"] = 404
(create_url, body) = sent[0]


def create(name, text, url=create_url, called="foreman-x"):
    headers = {"Content-Type": "application/json"}
    found[name] = engine.api.post(f"{url}?name={called}", data=text, headers=headers).status_code


create("the same by hand", body)
create("privileged", body.replace('"Memory":', '"Privileged": true, "Memory":'))
create("a right", body.replace('"CapDrop": ["ALL"]', '"CapDrop": ["ALL"], "CapAdd": ["SYS_ADMIN"]'))
create("all rights kept", body.replace('"CapDrop": ["ALL"]', '"CapDrop": []'))
create("a network", body.replace('"NetworkMode": "none"', '"NetworkMode": "host"'))
create("root", body.replace("65532:65532", "0:0"))
create("another folder", body.replace("/run/foreman/x", "/etc"))
create("up to another folder", body.replace("/run/foreman/x", "/run/foreman/../../etc"))
create("binds", body.replace('"Memory":', '"Binds": ["/:/host"], "Memory":'))
create("a command", body.replace('"Image":', '"Cmd": ["sh"], "Image":'))
create("said twice", body[:-1] + ', "HostConfig": {"Privileged": true}}')
create("in other letters", body[:-1] + ', "hostconfig": {"privileged": true}}')
create("something behind it", body + body)
create("something before it", " " + body)
create("by parts", iter([body.encode()]))
create("far too long", body + " " * 70_000)
create("an old version", body, url=re.sub(r"/v1\.\d+/", "/v1.24/", create_url))
create("another name", body, called="somebody-elses")
create("more than a name", body, called="foreman-x&platform=linux")
print(json.dumps(found))
