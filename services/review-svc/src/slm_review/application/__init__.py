"""What users and events make this service do; each function runs inside one transaction's ledger."""
