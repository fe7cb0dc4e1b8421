"""What a person who writes a pack works with; nothing here takes part in ranking.

checking   whether a pack is sound: examples, languages, and all that nobody reads
unread     the indicators, values and concepts that no condition can see
layout     a report as lines of text
schema     JSON Schemas of a pack's files, for editors
"""
