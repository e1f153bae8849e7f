"""Rich text of any form as one small document: read from RTF, HTML or plain text, written as HTML or plain text.

PANDA holds notes and letters in the form of whatever program wrote them. `reading.read` makes a `document.Document` of
each, `writing.to_html` and `writing.to_text` write it, `splitting.split` cuts it into parts. Nothing here raises for
what a body says: a damaged one gives the text that can be read, and says that it is damaged.
"""
