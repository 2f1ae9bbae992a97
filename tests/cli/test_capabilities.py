"""`mailbridge capabilities`: what transports can express, and how much they take."""

from mailbridge.message import features


def test_every_transport_but_the_policies_is_a_line(run):
    result = run("capabilities")
    assert result.code == 0
    title, *lines = result.out.splitlines()
    assert title.split() == ["Transport", "Limits", "Features"]
    names = {line.split()[0] for line in lines}
    assert {"smtp", "sendgrid", "sendgrid+smtp", "memory"} <= names
    assert not names & {"retry", "failover", "guard"}


def test_a_line_says_features_and_limits(run):
    line = run("capabilities", "sendgrid").out.splitlines()[1]
    assert "recipients 1000, bytes 30000000, batch 1000" in line
    assert "alternatives, amp, attachments" in line


def test_a_transport_is_named_by_any_of_its_schemes_and_shown_once(run):
    rows = run("capabilities", "--json", "smtps", "lmtp", "memory").json["capabilities"]
    assert [row["name"] for row in rows] == ["smtp", "memory"]


def test_as_json_features_and_limits_are_data(run):
    answer = run("capabilities", "--json", "sendgrid").json
    assert (answer["ok"], answer["exit_code"], answer["error"]) == (True, 0, None)
    [row] = answer["capabilities"]
    assert row["schemes"] == ["sendgrid"]
    assert {"template", "tags"} <= set(row["features"]) < features.ALL
    assert row["limits"]["recipients"] == 1000
    assert row["docs"] == "docs/transports/sendgrid.md"


def test_an_unknown_name_is_refused_with_the_one_that_was_meant(run):
    result = run("capabilities", "sendgird")
    assert result.code == 3
    assert "did you mean sendgrid?" in result.err


def test_what_the_settings_shut_out_is_not_there(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_PLUGINS", "-sendmail")
    assert "sendmail" not in {row["name"] for row in run("capabilities", "--json").json["capabilities"]}
    assert run("capabilities", "sendmail").code == 3


def test_an_installed_plugin_is_there(run, nowhere, monkeypatch):
    (nowhere / "pigeon.py").write_text(
        "from mailbridge.extend import Plugin\n"
        'plugin = Plugin(name="pigeon", schemes=["pigeon"], settings="x:X", transport="x:X", features=["html"], '
        'limits={"bytes": 75})\n'
    )
    info = nowhere / "pigeon-3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 3\n")
    (info / "entry_points.txt").write_text("[mailbridge.transports]\npigeon = pigeon:plugin\n")
    monkeypatch.syspath_prepend(str(nowhere))
    assert run("capabilities", "pigeon").out.splitlines()[1] == "pigeon     bytes 75  html"


class TestMarkdown:
    """The tables of the documentation."""

    def test_what_all_and_none_have_is_a_sentence_and_the_rest_a_table(self, run):
        out = run("capabilities", "--markdown", "memory", "sendmail").out
        assert "\n### Other transports: features\n" in out
        assert "\nAll of them have `8bitmime`, `alternatives`" in out
        assert "\n| feature | memory | sendmail |\n| --- | --- | --- |\n" in out
        assert "\n| `tags` | ● | |\n" in out
        assert "\n| `html` |" not in out.partition("### Other")[2]
        assert out.endswith("\nNone known: `memory`, `sendmail`.\n")

    def test_every_kind_of_transport_has_tables_of_its_own(self, run):
        out = run("capabilities", "--markdown", "postmark", "postmark+smtp", "smtp").out
        titles = [line for line in out.splitlines() if line.startswith("### ")]
        assert titles == [
            "### Features",
            "### APIs: features",
            "### APIs: limits",
            "### SMTP servers of providers: features",
            "### SMTP servers of providers: limits",
            "### Other transports: features",
            "### Other transports: limits",
        ]
        assert "| `postmark+smtp` | recipients 50, bytes 10,000,000 |" in out

    def test_many_transports_are_several_tables(self, run):
        out = run("capabilities", "--markdown").out
        presets = out.partition("### SMTP servers of providers: features")[2].partition("###")[0]
        titles = [line for line in presets.splitlines() if line.startswith("| feature |")]
        assert len(titles) >= 3
        assert all(title.count("|") <= 11 for title in titles)
