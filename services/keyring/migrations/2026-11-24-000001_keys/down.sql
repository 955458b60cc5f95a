DROP TABLE keyring.holders, keyring.buckets, keyring.index_keys, keyring.tenant_epochs, keyring.roster, keyring.retired_epochs, keyring.epochs, keyring.ledger;
DROP FUNCTION keyring.ledger_only_grows();
