"""`mailbridge plugins`: a table of what there is."""

from mailbridge import Dsn


def test_every_built_in_transport_is_a_line(run):
    result = run("plugins")
    assert result.code == 0
    title, *lines = result.out.splitlines()
    assert title.split() == ["Plugin", "Schemes", "Status", "From", "Example", "What", "it", "does"]
    names = [line.split()[0] for line in lines]
    assert {"console", "file", "memory", "null", "sendmail", "smtp"} <= set(names)
    [memory] = [line for line in lines if line.startswith("memory ")]
    assert memory.endswith("Keeps the last messages in memory, where tests can look at them.")
    assert "built in" in memory


def test_every_transport_shows_a_dsn_to_adapt(run):
    out = run("plugins").out
    rows = [row for row in run("plugins", "--json").json["plugins"] if row["schemes"]]
    assert {"smtp", "retry", "file"} <= {row["name"] for row in rows}
    for row in rows:
        [example] = row["examples"]
        assert Dsn.parse(example).scheme in row["schemes"]
        assert any(line.startswith(row["name"]) and f"  {example}  " in line for line in out.splitlines())


def test_nothing_is_cut_and_no_line_ends_in_blanks(run):
    lines = run("plugins").out.splitlines()
    assert max(map(len, lines)) > 80
    assert lines == [line.rstrip() for line in lines]


def test_as_json_each_has_its_features(run):
    answer = run("plugins", "--json").json
    assert (answer["ok"], answer["exit_code"], answer["error"]) == (True, 0, None)
    [sendmail] = [row for row in answer["plugins"] if row["name"] == "sendmail"]
    assert sendmail["schemes"] == ["sendmail"]
    assert sendmail["status"] == "built in"
    assert "attachments" in sendmail["features"]
    assert "template" not in sendmail["features"]


def test_what_the_settings_shut_out_is_disabled(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    monkeypatch.setenv("MAILBRIDGE_PLUGINS", "-sendmail")
    statuses = {row["name"]: row["status"] for row in run("plugins", "--json").json["plugins"]}
    assert statuses["sendmail"] == "disabled"
    assert statuses["memory"] == "built in"


def test_what_the_settings_shut_out_is_disabled_without_a_mailer_too(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_PLUGINS", "-sendmail")
    statuses = {row["name"]: row["status"] for row in run("plugins", "--json").json["plugins"]}
    assert statuses["sendmail"] == "disabled"


def test_settings_that_cannot_be_read_do_not_hide_the_list(run, monkeypatch):
    monkeypatch.setenv("MAILBRIDGE_DSM", "null://")
    assert run("plugins").code == 0


def test_a_broken_plugin_is_a_line_and_code_3(run, nowhere, monkeypatch):
    info = nowhere / "acme-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[mailbridge.transports]\nacme = no_such_module_of_acme:plugin\n")
    monkeypatch.syspath_prepend(str(nowhere))
    result = run("plugins", "--json")
    assert result.code == 3
    [acme] = [row for row in result.json["plugins"] if row["name"] == "acme"]
    assert (acme["status"], acme["distribution"]) == ("broken", "acme 1.2")
    assert "no_such_module_of_acme" in acme["error"]
    assert "no_such_module_of_acme" in run("plugins").out


def test_a_plugin_with_hooks_says_whether_they_act(run, nowhere, monkeypatch):
    (nowhere / "footer.py").write_text(
        "from mailbridge import hookimpl\n@hookimpl\ndef mailbridge_sent(message, receipt):\n    pass\n"
    )
    info = nowhere / "footer-3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: footer\nVersion: 3\n")
    (info / "entry_points.txt").write_text("[mailbridge.transports]\nfooter = footer\n")
    monkeypatch.syspath_prepend(str(nowhere))
    assert "installed, hooks off  footer 3" in run("plugins").out
    monkeypatch.setenv("MAILBRIDGE_DSN", "null://")
    monkeypatch.setenv("MAILBRIDGE_PLUGINS", "footer")
    assert "installed, hooks on  footer 3" in run("plugins").out
