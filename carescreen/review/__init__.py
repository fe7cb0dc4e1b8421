"""The follow-up list as people see it: reasons in words, a page, a spreadsheet, and what leaves.

    texts      every word of the list, Chinese and English, from texts.<language>.yaml
    wording    short phrases that several of the below share
    reading    reading a follow-up record: questions for the doorstep, what moved the score
    redaction  what an exported file may carry
    reasons    a paragraph, a neutral line, a compact code, a block for the terminal
    info       what a list says about itself
    listing    its groups, and writing its file in one step
    scoring    points as shown, so that what is shown adds up
    bilingual  one text shown, the other language in a table of the page
    cards      one child as the page shows it
    recording  what a person can record on the page, and what each thing asks for
    html       self-contained pages: the list, one a caseworker, the supervisor's
    week       the same of a week's plan: visits by day, a household each
    xlsx       one workbook

A record is one line of ranking.jsonl, as a mapping. Nothing here changes a tier, a score or an
order.
"""
