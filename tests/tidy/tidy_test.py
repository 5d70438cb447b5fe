#!/usr/bin/env python3
"""Every rule of tidy.py finds a sample that breaks it, and leaves one that keeps it alone."""

import unittest

import tidy

TABLE = tidy.load_table("base:\nio: base\nnet: base io   # the network\napi: base io net\n")


class Rules(unittest.TestCase):
    def breaks(self, check, tree, word, table=None):
        problems = check(tree, table or TABLE)
        self.assertTrue(any(word in problem for problem in problems), f"{word!r} not in {problems}")

    def keeps(self, check, tree, table=None):
        self.assertEqual(check(tree, table or TABLE), [])

    def test_table_is_read_with_comments(self):
        self.assertEqual(TABLE["net"], ["base", "io"])
        self.assertEqual(TABLE["base"], [])

    def test_a_room_the_table_does_not_list(self):
        self.breaks(tidy.check_table, {"src/attic/a.h": ""}, "src/attic")
        self.keeps(tidy.check_table, {"src/net/http/a.h": ""})

    def test_a_cycle_in_the_table(self):
        table = tidy.load_table("base: io\nio: base\n")
        self.breaks(tidy.check_table, {}, "cycle", table)
        self.breaks(tidy.check_table, {}, "unknown", tidy.load_table("base: nothing\n"))

    def test_an_include_against_the_direction(self):
        self.breaks(tidy.check_direction, {"src/io/a.cpp": '#include "net/b.h"\n'}, "io may not")
        self.breaks(tidy.check_direction, {"src/io/sub/a.h": '\n # include "net/b.h"\n'}, "a.h:2")
        self.keeps(tidy.check_direction, {"src/net/a.cpp": '#include "io/b.h"\n#include <io/x>\n'})

    def test_production_code_that_includes_test_support(self):
        text = '#include "tests/support/fake.h"\n'
        self.breaks(tidy.check_direction, {"src/io/a.cpp": text}, "tests/support")
        self.keeps(tidy.check_direction, {"src/io/a_test.cpp": text})

    def test_an_include_by_relative_path(self):
        self.breaks(tidy.check_direction, {"src/io/a.cpp": '#include "../io/b.h"\n'}, "src/")

    def test_a_module_that_links_against_the_direction(self):
        text = "shoal_module(\n NAME io\n SOURCES a.cpp\n DEPS base net\n TESTS a_test.cpp)"
        self.breaks(tidy.check_module_deps, {"src/io/CMakeLists.txt": text}, "link net")
        self.keeps(tidy.check_module_deps, {"src/api/CMakeLists.txt": text.replace("io", "api")})
        text = "shoal_module(NAME net DEPS base io_parts)"
        self.keeps(tidy.check_module_deps, {"src/net/CMakeLists.txt": text})
        self.breaks(tidy.check_module_deps, {"src/base/CMakeLists.txt": text}, "link io_parts")

    def test_headers_in_a_cycle(self):
        tree = {"src/io/a.h": '#include "io/b.h"\n', "src/io/b.h": '#include "io/a.h"\n'}
        self.breaks(tidy.check_include_cycles, tree, "a.h -> src/io/b.h -> src/io/a.h")
        self.keeps(tidy.check_include_cycles, tree | {"src/io/b.h": ""})

    def test_decisions_have_numbers_of_their_own(self):
        first, second = "docs/decisions/001-a.md", "docs/decisions/001-b.md"
        self.keeps(tidy.check_decisions, {first: "# 001: a\n", "docs/decisions/README.md": ""})
        self.breaks(tidy.check_decisions, {first: "# 001: a\n", second: "# 001: b\n"}, "001-b.md")
        self.breaks(tidy.check_decisions, {first: "# 002: a\n"}, "does not begin")

    def test_a_heavy_header_outside_its_room(self):
        beast = "#include <boost/beast/core.hpp>\n"
        self.breaks(tidy.check_heavy_headers, {"src/net/http/a.h": beast}, "beast")
        self.breaks(tidy.check_heavy_headers, {"src/api/a.cpp": beast}, "beast")
        self.breaks(tidy.check_heavy_headers, {"src/io/a.cpp": "#include <soci/soci.h>\n"}, "soci")
        experimental = "#include <boost/asio/experimental/channel.hpp>\n"
        self.breaks(tidy.check_heavy_headers, {"tests/e2e/a.cpp": experimental}, "experimental")
        self.keeps(tidy.check_heavy_headers, {"src/net/http/a.cpp": beast + experimental})

    def test_a_coroutine_that_keeps_a_reference_to_a_value(self):
        for text in ("io::Task<> f(const std::string& name);",
                     "  Task<Result<int>> X::f(Y& y,\n   const std::string& q) override {",
                     "virtual Task<int> f(std::string&& s) const = 0;"):
            self.breaks(tidy.check_coroutine_parameters, {"src/io/a.h": text}, "coroutine f")
        for text in ("io::Task<> f(Context& context, std::string name, const Request& request);",
                     "io::Task<> f(Context& context, const std::vector<FormFile>& files);",
                     "io::Task<> a();\nvoid f(const std::string& name);",
                     "std::function<io::Task<int>(const Query&)> f;"):
            self.keeps(tidy.check_coroutine_parameters, {"src/io/a.h": text})

    def test_a_header_without_pragma_once(self):
        self.breaks(tidy.check_pragma_once, {"src/io/a.h": "#ifndef A_H\n"}, "pragma")
        self.keeps(tidy.check_pragma_once, {"src/io/a.h": "#pragma once\n", "src/io/a.cpp": ""})

    def test_a_file_too_long(self):
        self.breaks(tidy.check_size, {"web/src/a.svelte": "x\n" * 501}, "501 lines")
        self.keeps(tidy.check_size, {"src/db/a.sql": "x\n" * 900, "src/io/a.cpp": "x\n" * 500})

    def test_a_line_too_wide(self):
        self.breaks(tidy.check_columns, {"src/io/a.cpp": "x" * 101 + "\n"}, "101 columns")
        raw = 'auto sql = R"sql(' + "x" * 200 + ')sql";\n'
        self.keeps(tidy.check_columns, {"src/io/a.cpp": raw + "x" * 100})
        self.breaks(tidy.check_columns, {"src/io/a.cpp": 'R"(\n\n)";\n' + "x" * 101}, "a.cpp:4")

    def test_unfinished_work(self):
        for text in ("// " + "TODO later", "/* FIX" + "ME */", "XX" + "X"):
            self.breaks(tidy.check_words, {"src/io/a.cpp": text}, "unfinished")
        self.keeps(tidy.check_words, {"src/io/a.cpp": "int todo_list; // mkstemp aXXXXXX"})

    def test_a_blocking_sleep(self):
        for text in ("std::this_thread::sleep_for(1s);", "::usleep(5);", "sleep(1);"):
            self.breaks(tidy.check_words, {"src/io/a_test.cpp": text}, "race")
        self.keeps(tidy.check_words, {"tests/support/a.cpp": "std::this_thread::sleep_for(1s);",
                                      "src/io/b.cpp": "co_await clock.sleep_until(at);"})

    def test_a_task_nobody_owns(self):
        text = "co_spawn(x, f(), asio::detached);"
        self.breaks(tidy.check_words, {"src/io/a.cpp": text}, "swallow")

    def test_a_test_that_does_not_test(self):
        self.breaks(tidy.check_words, {"src/io/a_test.cpp": "GTEST_SKIP();"}, "does not test")
        self.breaks(tidy.check_words, {"web/a.test.ts": "test.skip('x')"}, "does not test")

    def test_a_print_in_the_program(self):
        self.breaks(tidy.check_words, {"src/io/a.cpp": "std::cout << 1;"}, "log")
        self.keeps(tidy.check_words, {"src/io/a_test.cpp": "std::cerr << seed;"})

    def test_a_path_or_host_of_one_machine(self):
        for text in ("cd /wo" + "rk/main", "'/home/jo" + "e/x'", "https://deb.deb" + "ian.org/"):
            self.breaks(tidy.check_machine_paths, {"docs/a.md": text}, "one machine")
        self.keeps(tidy.check_machine_paths, {"docs/a.md": "see docs/work/x and example.com/home"})

    def test_a_source_nobody_builds(self):
        text = "shoal_module(NAME io SOURCES posix/a.cpp TESTS a_test.cpp)"
        tree = {"src/io/CMakeLists.txt": text}
        self.breaks(tidy.check_tests_are_built, tree | {"src/io/b_test.cpp": ""}, "b_test.cpp")
        self.breaks(tidy.check_tests_are_built, tree | {"src/io/test.cpp": ""}, "test.cpp")
        self.keeps(tidy.check_tests_are_built, tree | {"src/io/posix/a.cpp": ""})

    def test_a_configuration_key_that_nothing_reads(self):
        schema = {"src/app/config/schema.cpp": 's.add("listen.port",\n c.listen.port, "The port.")'}
        self.breaks(tidy.check_config_is_read, schema, "listen.port")
        self.keeps(tidy.check_config_is_read,
                   schema | {"src/app/serve.cpp": "use(config.listen.port);"})

    def test_a_configuration_key_that_is_read_after_all(self):
        key = sorted(tidy.CONFIG_AHEAD)[0] if tidy.CONFIG_AHEAD else "a.b"
        member = key.split(".")[-1]
        schema = {"src/app/config/schema.cpp": f's.add("{key}",\n c.x.{member}, "A limit.")'}
        read = schema | {"src/app/serve.cpp": f"use(config.x.{member});"}
        if tidy.CONFIG_AHEAD:
            self.keeps(tidy.check_config_is_read, schema)
            self.breaks(tidy.check_config_is_read, read, key)

    def test_generated_text_is_left_alone(self):
        self.keeps(tidy.check_size, {"web/src/generated/api.ts": "x\n" * 9000})


if __name__ == "__main__":
    unittest.main()
