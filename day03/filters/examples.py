"""The examples of the lesson: expressions and their variables, by filter."""

DRINKS = [{"name": "tea", "price": 4}, {"name": "cocoa", "price": 3}]

EXAMPLES = {
    "capitalize": [("text|capitalize", {"text": "hELLO wORLD"})],
    "lower": [("text|lower", {"text": "Green TEA"})],
    "upper": [
        ("text|upper", {"text": "Green tea"}),
        ("answer|upper", {"answer": True}),
    ],
    "title": [("text|title", {"text": "wORLD it's foo-bar"})],
    "trim": [
        ("'[' ~ text|trim ~ ']'", {"text": "  green tea \n"}),
        ("text|trim('*')", {"text": "**2 * 3**"}),
    ],
    "reverse": [
        ("text|reverse", {"text": "tea"}),
        ("numbers|reverse", {"numbers": [1, 2, 3]}),
        ("numbers|reverse|list", {"numbers": [1, 2, 3]}),
    ],
    "format": [
        ("text|format('王', 7)", {"text": "%s: %d cups"}),
        ("text|format(2.5)", {"text": "%.2f EUR"}),
        ("text|format('seven')", {"text": "%d cups"}),
        ("text|format(7)", {"text": "{} cups"}),
    ],
    "striptags": [
        ("text|striptags", {"text": "<p>Green   <b>tea</b></p> <!-- or black -->"}),
        ("text|striptags", {"text": "5 < 6 and 7 > 3"}),
        ("text|striptags", {"text": "<scr<script>ipt>alert(1)</script>"}),
        ("text|striptags", {"text": "&lt;script&gt;"}),
    ],
    "first": [
        ("numbers|first", {"numbers": [1, 2, 3, 4]}),
        ("numbers|first", {"numbers": []}),
        ("text|first", {"text": "tea"}),
        ("prices|first", {"prices": {"tea": 4, "cocoa": 3}}),
    ],
    "last": [
        ("numbers|last", {"numbers": [1, 2, 3, 4]}),
        ("numbers|last", {"numbers": []}),
        ("text|last", {"text": "tea"}),
        ("prices|last", {"prices": {"tea": 4, "cocoa": 3}}),
    ],
    "length": [
        ("numbers|length", {"numbers": [1, 2, 3, 4]}),
        ("numbers|count", {"numbers": [1, 2, 3, 4]}),
        ("text|length", {"text": "茶 tea"}),
        ("prices|length", {"prices": {"tea": 4, "cocoa": 3}}),
        ("number|length", {"number": 1234}),
    ],
    "sum": [
        ("numbers|sum", {"numbers": [1, 2, 3, 4]}),
        ("numbers|sum", {"numbers": []}),
        ("drinks|sum(attribute='price')", {"drinks": DRINKS}),
        ("words|sum", {"words": ["green", "tea"]}),
        ("words|sum(start='')", {"words": ["green", "tea"]}),
    ],
    "join": [
        ("words|join", {"words": ["green", "tea"]}),
        ("numbers|join(', ')", {"numbers": [1, 2, 3]}),
        ("drinks|join(' and ', attribute='name')", {"drinks": DRINKS}),
    ],
    "default": [
        ("owner|default('no owner')", {}),
        ("owner|default('no owner')", {"owner": "Ann"}),
        ("owner|default('no owner')", {"owner": ""}),
        ("owner|default('no owner')", {"owner": None}),
        ("owner|default('no owner', true)", {"owner": ""}),
        ("cups|default('none', true)", {"cups": 0}),
    ],
    "chain": [
        ("text|trim|upper", {"text": " hello "}),
        ("text|title|reverse", {"text": "tea"}),
        ("text|reverse|title", {"text": "tea"}),
        ("text ~ 'pot'|upper", {"text": "tea"}),
        ("(text ~ 'pot')|upper", {"text": "tea"}),
    ],
}
