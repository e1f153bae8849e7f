"""What cannot be migrated as data, described so well that an admin can rebuild it in the CRM (P11, H11, F8).

Three documents: the Letter Template Reference, the workflow reference, and the checklist of all that is rebuilt by
hand. They hold no patients' values: counts, and letters filled with invented ones.
"""
