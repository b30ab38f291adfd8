"""Taking the records of an application elsewhere and bringing them in: folders of lines, and other record stores."""
