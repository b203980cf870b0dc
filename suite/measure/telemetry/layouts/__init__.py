"""The forms in which telemetry tools print: a file for each form, shared by the tools.

Each is made from the labels that a tool uses, is asked for the output, and gives readings, or nothing where the
output is of another form.
"""

from suite.measure.telemetry.layouts.boxes import Boxes
from suite.measure.telemetry.layouts.columns import Columns
from suite.measure.telemetry.layouts.delimited import Delimited
from suite.measure.telemetry.layouts.labels import Label, Labels
from suite.measure.telemetry.layouts.layout import Layout
from suite.measure.telemetry.layouts.members import Members
from suite.measure.telemetry.layouts.tree import Tree

__all__ = ["Boxes", "Columns", "Delimited", "Label", "Labels", "Layout", "Members", "Tree"]
