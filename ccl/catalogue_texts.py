"""Long explanations of CCL0500 to CCL0599: what a contract says in further languages."""

from __future__ import annotations

from ccl.catalogue import Entry

ENTRIES: dict[str, Entry] = {
    "CCL0500": Entry(
        "a text catalogue that is no TOML",
        "A catalogue is a TOML file: a key, `=`, and a text between quotes, one to a line. A key with a dot in it, "
        "such as clause.4.2, stands between quotes itself, or in a table.",
        'over_limit = "Has pedido {amount: money}.      # the closing quote is missing\n'
        'over_limit = "Has pedido {amount: money}."',
    ),
    "CCL0501": Entry(
        "a language whose numbers and plurals are not known",
        "To say amounts, dates and plurals, the plural rules, separators and months of a language must be known. The "
        'file is called by its language, `es.toml`, or says it: `language = "es"`.',
        "texts/spanish.toml\ntexts/es.toml",
    ),
    "CCL0502": Entry(
        "something in a catalogue that is no text",
        "Every entry of a catalogue is a text between quotes, whatever it speaks of.",
        'notice_days = 14\nnotice_days = "Hay que avisar con 14 días."',
    ),
    "CCL0503": Entry(
        "a key that stands twice",
        'A table is a prefix: `[clause]` with the key "4.2" is the same as the key "clause.4.2". One of the two '
        "would never be seen. Keep one.",
        '"clause.4.2" = "Nadie paga más."\n[clause]\n"4.2" = "Nadie paga más que el límite."',
    ),
    "CCL0504": Entry(
        "an empty text",
        "A reader would see nothing at all. Without the key, the contract's own words are shown.",
        'over_limit = ""',
    ),
    "CCL0505": Entry(
        "a placeholder that is not well formed",
        "A placeholder is a name in braces, `{amount}`, with a kind where one is wanted, `{when: date}`. A plural "
        'gives its forms: `{n: plural(one="# hora", other="# horas")}`, where `#` is the number. A brace that is meant '
        "as such is written twice.",
        'late = "{n: plural(one=# hora)} tarde"\nlate = "{n: plural(one=\\"# hora\\", other=\\"# horas\\")} tarde"',
    ),
    "CCL0506": Entry(
        "a reason for which a catalogue has no text",
        "The contract refuses `because KEY`, and what that says stands in the catalogues alone. Whoever reads that "
        "language would be refused without a reason. Add the key.",
        "require command.amount <= limit because over_limit;        // in the contract\n"
        'over_limit = "Has pedido {amount: money}, y el límite es {limit: money}."     # in texts/es.toml',
    ),
    "CCL0507": Entry(
        "texts that are not translated",
        "These are worded in the contract itself, in its own language; readers of this one will see that wording. Add "
        'the keys: "clause.4.2" is the text of clause 4.2, "clause.4.2.1" the first reason that it words itself.',
        '"clause.4.2" = "Nadie paga de una vez más que el límite."',
    ),
    "CCL0508": Entry(
        "a key that the contract has not",
        "Nothing will ever show this text. The key may be misspelt, or be left from an earlier version.",
        'over_limt = "..."      # the contract says `because over_limit`',
    ),
    "CCL0509": Entry(
        "a placeholder that the text cannot speak of",
        "A reason may speak of the fields of the command and of what its own condition reads: views, parameters, "
        "states. The text of a clause may speak of the parameters that the contract's own text of it names, as it is "
        "read also where nobody has asked for anything.",
        'over_limit = "Te quedan {balance: money}."     # the condition does not read the balance',
    ),
    "CCL0510": Entry(
        "a kind of placeholder that there is not",
        "The kinds are money, number, percent, date, time, span, person, text and plural. Without a kind, a value is "
        "said as its type is said.",
        'late = "Hasta {due: day}"\nlate = "Hasta {due: date}"',
    ),
    "CCL0511": Entry(
        "a placeholder of the wrong kind",
        "The value that the placeholder stands for has another type, so it cannot be said in this way: an amount is no "
        "date, and a count is no amount. Use a kind that fits, or none.",
        'over_limit = "Has pedido {amount: number}."\nover_limit = "Has pedido {amount: money}."',
    ),
    "CCL0512": Entry(
        "a plural form that is missing",
        "Languages differ in their plural forms: English has one and other, Russian one, few and many, Arabic six. The "
        "Unicode CLDR says which form each number takes. With a form missing, some number would be said wrongly.",
        'late = "{n: plural(one=\\"# час\\", other=\\"# часа\\")}"\n'
        'late = "{n: plural(one=\\"# час\\", few=\\"# часа\\", many=\\"# часов\\")}"',
    ),
    "CCL0513": Entry(
        "a catalogue that is called by another language than it says",
        "The file's name and its `language` must agree, or readers are given a language that is not theirs.",
        'language = "fr"        # in texts/es.toml',
    ),
    "CCL0514": Entry(
        "a plural form that the language has not",
        "No number takes this form in this language, so it would never be said. It may come from a copied catalogue of "
        "another language.",
        'late = "{n: plural(one=\\"# hora\\", few=\\"# horas\\", other=\\"# horas\\")}"      # Spanish has no `few`',
    ),
    "CCL0515": Entry(
        "a translation that leaves something out",
        "The contract's own text, or the one in another language, says a value that this one does not. If that is "
        "meant, nothing need be done.",
        'over_limit = "Has pedido demasiado."        # English says how much, and what the limit is',
    ),
    "CCL0516": Entry(
        "a text in the contract with a placeholder that nothing fills",
        "The reasons and clause texts that a contract words itself may have placeholders as those of catalogues have. "
        "This one is not well formed, or names what the text cannot speak of; readers would see a dash there. A brace "
        "that is meant as such is written twice.",
        'require command.amount <= limit because "At most {limt}.";',
    ),
}
