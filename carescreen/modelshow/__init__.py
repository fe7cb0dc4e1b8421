"""A model for people to read: in the terminal, on one page, and what changed between two of them.

texts       every word, in Chinese and English, from texts.<language>.yaml
words       levels, weights and directions in words
card        what a model's card says, as plain text
facts       what a model is and rests on, in words
curves      the features of a model, those that weigh most first, on one scale
terminal    a model as lines of text
differing   the difference of two models as lines of text
drawing     a curve as the geometry of an SVG
page        a model as one HTML page
"""
