"""Examples are run where they are written, not again where they are exported."""

collect_ignore = ["sklstm/__init__.py", "sklstm/datasets/__init__.py"]
