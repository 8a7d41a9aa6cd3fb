"""The processes of a check: they import the user's file, train as asked, and note what they see."""

from harness.engine.lean import import_keras_whole

import_keras_whole()
