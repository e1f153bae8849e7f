"""Charts of a patient side by side as PDF, in the arrangement periodontists know (requirement H3).

`order` says where a site stands, `ink` how a finding looks, `pen` writes PDF operators, `rows` and `sheet` draw a page
of charts, `trends` draws the figures, and `drawing` puts a document together.
"""
