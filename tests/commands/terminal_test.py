"""Fault C07 on a terminal: colours, TERM=dumb, 20 columns."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

from maas_runs import MAAS, ROOT, Case


def on_terminal(*arguments, columns=80, **env):
    """Exit code and what stderr, a terminal of that width, received."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen([MAAS, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=slave,
                               stdin=subprocess.DEVNULL, env={**clean, "TERM": "xterm", **env})
    os.close(slave)
    received = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the program has ended
            break
        if not part:
            break
        received += part
    os.close(master)
    return process.wait(), received.decode()


class Colours(unittest.TestCase):
    def test_an_error_is_red_on_a_terminal(self):
        code, text = on_terminal("trian")
        self.assertEqual(code, 2)
        self.assertIn("\x1b[31m", text)

    def test_no_colour_when_asked_or_when_the_terminal_cannot(self):
        for arguments, env in ([["trian"], {"NO_COLOR": "1"}], [["trian"], {"TERM": "dumb"}],
                               [["train", "--no-color", "--x"], {}]):
            code, text = on_terminal(*arguments, **env)
            self.assertEqual(code, 2)
            self.assertNotIn("\x1b", text)


class LiveLine(Case):
    RUN = ["train", ROOT / "configs/bench_mlp.yaml", "train.steps=1500", "train.threads=1",
           "data.limit=6400", "eval.require={}"]

    def test_it_is_one_line_that_is_written_again(self):
        code, text = on_terminal(*self.RUN, "-o", self.folder / "wide")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"\r\x1b\[Kepoch \d+/\d+  step \d+/1500  loss \d")
        self.assertRegex(text, r"\d+ samples/s  \d+s left")

    def test_it_never_wraps_in_twenty_columns(self):
        code, text = on_terminal(*self.RUN, "-o", self.folder / "narrow", columns=20)
        self.assertEqual(code, 0, text)
        shown = re.findall(r"\r\x1b\[K([^\r\n]*)", text)
        self.assertNotEqual(shown, [])
        for line in shown:
            self.assertLess(len(line), 20)
            self.assertIn("step", line)

    def test_a_dumb_terminal_gets_plain_lines(self):
        code, text = on_terminal(*self.RUN, "-o", self.folder / "dumb", TERM="dumb")
        self.assertEqual(code, 0, text)
        self.assertNotIn("\x1b", text)
        self.assertIn("next: maas serve", text)


if __name__ == "__main__":
    unittest.main()
