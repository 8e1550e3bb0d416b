"""From manifest files to what each user shall have, staged on disk: documents, rollouts, migrations. Sends nothing."""
