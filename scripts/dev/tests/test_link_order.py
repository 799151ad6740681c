"""Which lines the ingress's link order gets for which functions."""

import tempfile
import unittest
from pathlib import Path

from scripts.dev import link_order


class Patterns(unittest.TestCase):
    def test_a_symbol_loses_what_the_next_compiler_changes(self) -> None:
        for symbol, pattern in {
            "_ZN5hyper5proto4poll17h0123456789abcdefE": "_ZN5hyper5proto4poll17h*",
            "_ZN5hyper5proto4poll17h0123456789abcdefE.llvm.123": "_ZN5hyper5proto4poll17h*",
            "_RNvMs4_NtCslNYArtu3iFV_5alloc7raw_vec": "_RNvMs4_NtCs*_5alloc7raw_vec",
            "sqlite3VdbeExec": "sqlite3VdbeExec",
            "yy_reduce.constprop.0": "yy_reduce.*",
        }.items():
            self.assertEqual(link_order._pattern(symbol), pattern)

    def test_names_of_which_every_instance_runs_come_first(self) -> None:
        instance = "_ZN4core3ptr4drop17h{:016x}E".format
        sizes = {instance(1): 10, instance(2): 90, "sqlite3_step": 50, "never": 1000}
        self.assertEqual(link_order._patterns({instance(1), "sqlite3_step"}, sizes),
                         ["sqlite3_step", "_ZN4core3ptr4drop17h*"])

    def test_callgrind_names_a_function_where_it_first_calls_or_is_called(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            note = Path(made, "ran.1")
            note.write_text("fn=(1) main\n16 3\ncfn=(2) walk'2\ncalls=1 0\nfn=(2)\n1 1\ncfn=(3) _ZN1a1b17hfeE\n")
            self.assertEqual(set(link_order._functions(note)), {"main", "walk", "_ZN1a1b17hfeE"})
