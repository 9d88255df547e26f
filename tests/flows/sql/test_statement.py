"""What becomes of `${{ }}` in SQL text."""

import pytest

from flows.expr import Template, compile_template
from flows.sdk import SqlStatement
from flows.sql.statement import SqlInvalid, compile_sql


def template(text: str) -> Template:
    return compile_template(text) or Template((text,), {}, False)


def statement(text: str, **args: object) -> SqlStatement:
    return compile_sql(template(text))({"args": args})


def test_values_become_parameters_in_their_order() -> None:
    found = statement("SELECT * FROM t WHERE a = ${{ args.a }} AND b < ${{ args.b + 1 }}", a="x", b=1)

    assert found == SqlStatement(("SELECT * FROM t WHERE a = ", " AND b < ", ""), ("x", 2))


def test_text_without_expressions_is_the_same_statement_every_time() -> None:
    render = compile_sql(template("SELECT 1"))

    assert render({}) is render({})
    assert render({}) == SqlStatement(("SELECT 1",), ())


@pytest.mark.parametrize(
    ("text", "value", "texts", "params"),
    [
        ("a IN ${{ args.x }}", [1, 2], ("a IN  (", ", ", ")"), (1, 2)),
        ("a in (${{ args.x }})", [1, 2], ("a in  (", ", ", ")"), (1, 2)),
        ("a IN ( ${{ args.x }} ) OR b", [1], ("a IN  (", ") OR b"), (1,)),
        ("a IN ${{ args.x }}", 7, ("a IN  (", ")"), (7,)),
        ("a IN (${{ args.x }}, 2)", 7, ("a IN (", ", 2)"), (7,)),
        ("a IN ${{ args.x }} OR b", [], ("a IN  (NULL) IS NOT NULL OR b",), ()),
        ("a IN (${{ args.x }}) OR b", [], ("a IN  (NULL) IS NOT NULL OR b",), ()),
        ("a NOT IN ${{ args.x }}", [], ("a NOT IN  (NULL) IS NULL",), ()),
        ("a not\n in (${{ args.x }})", [], ("a not\n in  (NULL) IS NULL",), ()),
        ("a = ANY(${{ args.x }})", [1, 2], ("a = ANY(", ")"), ([1, 2],)),
        ("min = ${{ args.x }}", [1], ("min = ", ""), ([1],)),
    ],
)
def test_a_list_after_in_is_one_parameter_for_each_element(
    text: str, value: object, texts: tuple[str, ...], params: tuple[object, ...]
) -> None:
    found = statement(f"SELECT * FROM t WHERE {text}", x=value)

    assert found == SqlStatement((f"SELECT * FROM t WHERE {texts[0]}", *texts[1:]), params)


INSIDE_QUOTES = (
    "${{ args.x }} stands inside quotes. A value is a parameter and goes without them: write ${{ args.x }}, or "
    "${{ '%' + args.x + '%' }} to put text around it."
)
IN_A_COMMENT = "${{ args.x }} stands inside a comment. Remove it, or the comment."
GLUED = (
    "${{ args.x }} is glued to the text beside it. A value cannot be part of a name: put blanks around it, or write "
    "the name out."
)
ONE_STATEMENT = "A step runs one statement, and more text follows this semicolon. Make it two steps."
FIXED_TEXT = (
    "The SQL text is fixed, and values stand inside it. Write the statement out, for example "
    "SELECT name FROM users WHERE id = ${{ args.id }}."
)


def named_after(word: str) -> str:
    return (
        f"${{{{ args.x }}}} stands after {word}, where a table or column is named. A value cannot be a name: write the "
        "name out, and use a `switch` step to choose between statements."
    )


def not_available(word: str) -> str:
    return (
        f"{word} is not available: a step runs one statement that reads or changes data, in a transaction of its own."
    )


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("SELECT '${{ args.x }}'", " args.x", INSIDE_QUOTES),
        ("SELECT 'it''s ${{ args.x }}'", " args.x", INSIDE_QUOTES),
        ('SELECT "${{ args.x }}"', " args.x", INSIDE_QUOTES),
        ("SELECT `${{ args.x }}`", " args.x", INSIDE_QUOTES),
        ("SELECT * FROM t WHERE a LIKE '%${{ args.x }}%'", " args.x", INSIDE_QUOTES),
        ("SELECT E'\\'${{ args.x }}'", " args.x", INSIDE_QUOTES),
        ("DO $$ ${{ args.x }} $$", " args.x", INSIDE_QUOTES.replace("inside quotes", "inside a dollar-quoted text")),
        (
            "DO $a$ $$ ${{ args.x }} $a$",
            " args.x",
            INSIDE_QUOTES.replace("inside quotes", "inside a dollar-quoted text"),
        ),
        ("SELECT 1 -- ${{ args.x }}", " args.x", IN_A_COMMENT),
        ("SELECT 1 /* it's ${{ args.x }} */", " args.x", IN_A_COMMENT),
        ("SELECT a FROM t_${{ args.x }}", " args.x", GLUED),
        ("SELECT t.${{ args.x }} FROM t", " args.x", GLUED),
        ("SELECT ${{ args.x }}_total FROM t", " args.x", GLUED),
        ("SELECT 'a'${{ args.x }}", " args.x", GLUED),
        ("SELECT * FROM ${{ args.x }}", " args.x", named_after("FROM")),
        ("SELECT * FROM t JOIN ${{ args.x }} ON true", " args.x", named_after("JOIN")),
        ("INSERT INTO ${{ args.x }} VALUES (1)", " args.x", named_after("INTO")),
        ("UPDATE ${{ args.x }} SET a = 1", " args.x", named_after("UPDATE")),
        ("DROP TABLE ${{ args.x }}", " args.x", named_after("TABLE")),
        ("SELECT * FROM t ORDER  BY ${{ args.x }}", " args.x", named_after("ORDER BY")),
        ("SELECT a FROM t GROUP BY ${{ args.x }}", " args.x", named_after("GROUP BY")),
        ("SELECT 1; DELETE FROM t", "; DELETE", ONE_STATEMENT),
        ("DELETE FROM t WHERE a = ${{ args.x }}; SELECT 1", " args.x", ONE_STATEMENT),
        ("SELECT a FROM t WHERE b = $1", "$1", "$1 has no value. Write ${{ ... }} where the value goes."),
        ("  BEGIN", "BEGIN", not_available("BEGIN")),
        ("-- first\nSET x = 1", "SET", not_available("SET")),
        ("attach 'x.db' AS y", "attach", not_available("ATTACH")),
        ("COPY t TO STDOUT", "COPY", not_available("COPY")),
        ("${{ args.x }}", "", FIXED_TEXT),
        (" ; ", "", FIXED_TEXT),
        ("-- nothing", "", FIXED_TEXT),
    ],
)
def test_what_cannot_be_a_parameter_or_one_statement_is_refused_at_load(text: str, marked: str, message: str) -> None:
    with pytest.raises(SqlInvalid) as caught:
        compile_sql(template(text))

    assert str(caught.value) == message
    assert caught.value.offset == text.index(marked)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;",
        "SELECT 1; -- the end",
        "SELECT ';' , ${{ args.x }}",
        "SELECT 'a' || ${{ args.x }} || 'b'",
        "SELECT '--' , ${{ args.x }}",
        "SELECT 1 -- it's\n, ${{ args.x }}",
        "SELECT '\\', ${{ args.x }}, '\\'",
        "SELECT a[${{ args.x }}], b[1:${{ args.x }}] FROM t",
        "SELECT ${{ args.x }}::int",
        "SELECT extract(year FROM ${{ args.x }})",
        "SELECT * FROM t WHERE a IS DISTINCT  FROM ${{ args.x }}",
        "SELECT * FROM t WHERE a <@ ${{ args.x }} AND ${{ args.x }}@> b",
        "INSERT INTO t VALUES (${{ args.x }},${{ args.x }})",
        "SELECT * FROM t WHERE (a)=${{ args.x }}",
        "SELECT * FROM t LIMIT ${{ args.x }}",
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; DELETE FROM v; END",
        "WITH x AS (SELECT 1) SELECT * FROM x",
    ],
)
def test_what_can_be_one_statement_with_parameters_is_accepted(text: str) -> None:
    assert "${{" not in "".join(statement(text, x=1).texts)
