"""The processes of a check: they import the user's file, train as asked, and note what they see."""
