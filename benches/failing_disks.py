"""Trains where the disk is full, becomes read-only, or loses the folder of the run, and then lets the run go on with room again. What is
left must be readable, and what goes on must end in the same epochs and weights as a training that nothing happened to.

    python benches/failing_disks.py target/release/backprop [ROUNDS]

Linux only: each round has a small disk of its own in memory, in a mount namespace that ends with the script.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if os.environ.get("OWN_MOUNTS") is None:
    os.execvpe("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv], {**os.environ, "OWN_MOUNTS": "yes"})

PROGRAM = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 12
TRAIN = ["train", "mlp", "--data", "digits?count=2000", "--epochs", "400", "--threads", "1", "--json"]

ELSEWHERE = Path(tempfile.mkdtemp())

random.seed(5)


def ask(folder, *arguments):
    return subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)


def mount(folder, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)


def told(run):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    keep = lambda key: "seconds" not in key and "samples_per" not in key
    return [{key: value for key, value in line.items() if keep(key)} for line in lines if line["event"] == "epoch"]


def train(folder, at_epoch=None, then=lambda: None, arguments=TRAIN):
    """Trains into the folder `run`; calls `then` after an epoch. Exit code and what was said on standard error."""
    command = [PROGRAM, *arguments]
    # Where runs are saved that cannot be saved in their folders.
    env = {**os.environ, "TMPDIR": str(ELSEWHERE)}
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if json.loads(line).get("epoch") == at_epoch and at_epoch is not None:
            then()
            at_epoch = None
    return process.wait(), process.stderr.read().strip()


class Tally:
    def __init__(self, name):
        self.name, self.rounds, self.lost, self.resumed, self.rescued, self.said, self.faults = name, 0, 0, 0, 0, {}, []

    def look(self, folder, code, said, expected):
        """Holds what is left against what nothing happened to."""
        self.rounds += 1
        sentence = re.sub(r"/tmp\S+/(run-)?", "…/", said.splitlines()[-1]) if said else f"exit code {code}, nothing said"
        sentence = re.sub(r"\d{10}", "…", sentence)
        self.said[sentence] = self.said.get(sentence, 0) + 1
        if "panicked" in said:
            self.faults.append(said)
        for rescued in ELSEWHERE.glob("backprop-studio/*"):
            self.rescued += 1
            if (told(rescued), (rescued / "weights.safetensors").read_bytes()) != expected:
                self.faults.append(f"what was saved elsewhere differs: {said}")
            shutil.rmtree(rescued)
        run = folder / "run"
        if run.exists() and (run / "run.json").exists():
            shown = ask(folder, "runs", "show", "run", "--json")
            if shown.returncode:
                self.faults.append(shown.stderr)
        if any(run.glob("checkpoints/*.safetensors")):
            if json.loads(ask(folder, "runs", "show", "run", "--json").stdout)["state"] != "finished":
                code, said = train(folder, arguments=["train", "run", "--resume", "--json"])
                self.resumed += 1
            if (told(run), (run / "weights.safetensors").read_bytes()) != expected:
                self.faults.append(f"the run differs from one that nothing happened to: {said}")
        else:
            self.lost += 1
            again = [*TRAIN, "--out", "run", *(["--overwrite"] if run.exists() else [])]
            code, said = train(folder, arguments=again)
            if code or told(run) != expected[0]:
                self.faults.append(f"cannot be trained anew: {said}")

    def print(self):
        print(f"{self.name}: {self.rounds} trainings, {self.rescued} saved whole elsewhere; afterwards {self.resumed} gone on with from a "
              f"checkpoint, {self.lost} had none and were trained anew; {len(self.faults)} faults")
        for sentence, times in sorted(self.said.items(), key=lambda pair: -pair[1]):
            print(f"    {times} × {sentence}")
        for fault in self.faults:
            print(f"    FAULT: {fault}")
        return len(self.faults)


def full(folder, tally, expected):
    size = random.choice([16, 200, 600, 1500, 2000, 2500, 3000, 3500, 4000, 4500])
    mount(folder, f"size={size}k")
    result = train(folder, arguments=[*TRAIN, "--out", "run"])
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
    tally.look(folder, *result, expected)


def read_only(folder, tally, expected):
    mount(folder, "size=64m")
    # A bind mount, since a disk with a file that is open for writing cannot be made read-only.

    def turn_read_only():
        mount_again = ["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder]
        [subprocess.run(command, check=True) for command in mount_again]

    result = train(folder, random.randint(1, 390), turn_read_only, [*TRAIN, "--out", "run"])
    subprocess.run(["umount", folder], check=True)
    tally.look(folder, *result, expected)


def deleted(folder, tally, expected):
    mount(folder, "size=64m")
    result = train(folder, random.randint(1, 390), lambda: shutil.rmtree(folder / "run"), [*TRAIN, "--out", "run"])
    tally.look(folder, *result, expected)


with tempfile.TemporaryDirectory() as folder:
    train(folder, arguments=[*TRAIN, "--out", "run"])
    run = Path(folder, "run")
    expected = told(run), (run / "weights.safetensors").read_bytes()

shutil.rmtree(ELSEWHERE / "backprop-studio", ignore_errors=True)
faults = 0
for name, happen in [("the disk is full", full), ("the disk turns read-only", read_only), ("the folder is deleted", deleted)]:
    tally = Tally(name)
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            happen(Path(folder), tally, expected)
            subprocess.run(["umount", folder], check=True)
    faults += tally.print()
shutil.rmtree(ELSEWHERE)
sys.exit(faults > 0)
