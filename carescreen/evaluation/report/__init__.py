"""What was measured, for people to read: a page, its figures as JSON, and tables.

texts       every word, in Chinese and English, from texts.<language>.yaml
amounts     figures and intervals in words
previous    the list that there was before, or its own order in its place
content     an evaluation as tables: the one thing that page, JSON and tables are made of
counted     figures in which every row counts once, to tell what is small
rounding    figures with few digits, for what leaves the office
placenames  columns that name a place, a worker or a household
masking     the same with small cells blanked, for what leaves the office
summary     the questions of a programme manager, answered from the content
method      how it was measured, as facts
checklist   items of TRIPOD+AI and PROBAST, filled from the content or visibly blank
tables      the content as tables of words
shapes      scales, lines and labels of an SVG
charts      the content as drawings
export      metrics.json
page        the page
folder      all of it as a folder
"""

from carescreen.evaluation.report.folder import require_report_folder, write_report
from carescreen.evaluation.report.summary import summary_lines

__all__ = ["require_report_folder", "summary_lines", "write_report"]
