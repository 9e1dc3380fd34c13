"""scripts/with-docker with a Docker that somebody else started: it is used, and it is left alone. Needs root and dockerd."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITH_DOCKER = ROOT / "scripts" / "with-docker"


def run(*words, **environment):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=dict(os.environ, **environment), check=False)


class Foreign(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="podbgp-docker-")
        self.addCleanup(self.folder.cleanup)
        place = pathlib.Path(self.folder.name)
        (place / "daemon.json").write_text("{}", encoding="utf-8")
        self.host = f"unix://{place}/docker.sock"
        with open(place / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["dockerd", f"--config-file={place}/daemon.json", f"--data-root={place}/data", f"--exec-root={place}/exec", f"--pidfile={place}/pid", f"--host={self.host}",
                 "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.end)
        deadline = time.monotonic() + 30
        while run("docker", "info", DOCKER_HOST=self.host).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail((place / "log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.1)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def test_it_is_used_and_left_running(self):
        done = run(WITH_DOCKER, "docker", "info", "-f", "{{.DockerRootDir}}", DOCKER_HOST=self.host)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.strip(), f"{self.folder.name}/data")
        self.assertIsNone(self.process.poll())
        self.assertEqual(run("docker", "info", DOCKER_HOST=self.host).returncode, 0)


class Words(unittest.TestCase):
    def test_a_docker_that_does_not_answer_is_named(self):
        done = run(WITH_DOCKER, "true", DOCKER_HOST="unix:///nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unix:///nowhere", done.stderr)

    def test_the_exit_code_is_the_command_s(self):
        self.assertEqual(run(WITH_DOCKER, "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(run(WITH_DOCKER, "/no/such/program").returncode, 1)


if __name__ == "__main__":
    unittest.main()
