// SPDX-License-Identifier: EUPL-1.2

/// The tables of schema version 1. An admin may read them with `sqlite3`; only Kreisnetz writes them.
///
/// The directory's own tables (one per record kind) are not here: `DirectoryTables` makes them from
/// the table of kinds and fields.
enum Schema1 {
  static let sql = """
    -- Who this replica is. One row. Keys are not here: they live in files beside the database, so
    -- that a backup of the database gives nobody the right to sign.
    CREATE TABLE replica (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      role TEXT NOT NULL CHECK (role IN ('hub', 'town')),
      realm BLOB NOT NULL CHECK (length(realm) = 32),
      member INTEGER NOT NULL,
      generation INTEGER NOT NULL,
      name TEXT NOT NULL,
      title TEXT NOT NULL,
      ags TEXT NOT NULL,
      kreis TEXT NOT NULL,
      hub_url TEXT NOT NULL,
      hub_pin BLOB CHECK (hub_pin IS NULL OR length(hub_pin) = 32), -- NULL: a CA's certificate
      tables TEXT NOT NULL DEFAULT '' -- fold version and fields the directory tables were made for
    ) STRICT;

    -- One row per log that this replica holds, with its head.
    CREATE TABLE log (
      log INTEGER PRIMARY KEY, -- small, local to this database
      member INTEGER NOT NULL,
      generation INTEGER NOT NULL,
      scope INTEGER NOT NULL, -- 1 public, 2 kreis, 3 coordination, 4 local
      town INTEGER NOT NULL, -- of a coordination scope, else 0
      sequence INTEGER NOT NULL,
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      signature BLOB, -- of the head by its author; NULL in scope local
      pushed INTEGER NOT NULL DEFAULT 0, -- own logs: the last entry seen in the hub's feed
      UNIQUE (member, generation, scope, town)
    ) STRICT;

    -- Every record that some entry names.
    CREATE TABLE record (
      record INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
      kind INTEGER NOT NULL DEFAULT 0, -- tag of the kind; 0 while no entry takes effect
      deleted INTEGER NOT NULL DEFAULT 0,
      conflicts INTEGER NOT NULL DEFAULT 0 -- fields that somebody should look at
    ) STRICT;
    CREATE INDEX record_in_conflict ON record (record) WHERE conflicts > 0;

    -- The logs: what everything else is computed from.
    CREATE TABLE entry (
      entry INTEGER PRIMARY KEY, -- log << 40 | sequence
      record INTEGER, -- NULL: a control entry
      hash BLOB NOT NULL CHECK (length(hash) = 32), -- of the header
      body BLOB NOT NULL, -- the header's body
      block BLOB, -- salt and values, `PackedBlock`; NULL: none, or destroyed
      commitment BLOB -- in place of a destroyed block
    ) STRICT;
    CREATE INDEX entry_of_record ON entry (record) WHERE record IS NOT NULL;
    CREATE INDEX entry_of_control ON entry (entry) WHERE record IS NULL;

    -- The hub's feeds: at the hub what it accepted, in a town what it verified.
    CREATE TABLE feed (
      arrival INTEGER PRIMARY KEY, -- the order of acceptance over all scopes
      scope INTEGER NOT NULL,
      town INTEGER NOT NULL,
      position INTEGER NOT NULL,
      log INTEGER NOT NULL,
      last INTEGER NOT NULL, -- the bundle's last entry; it starts after the log's previous one
      hash BLOB NOT NULL CHECK (length(hash) = 32), -- H(position)
      signature BLOB, -- of the author over the head at last; at the hub only
      UNIQUE (scope, town, position)
    ) STRICT;
    CREATE INDEX feed_of_log ON feed (log, last);

    -- The latest feed heads that the hub signed, as this replica verified them: evidence.
    CREATE TABLE feed_head (
      scope INTEGER NOT NULL,
      town INTEGER NOT NULL,
      hub_generation INTEGER NOT NULL,
      position INTEGER NOT NULL,
      hash BLOB NOT NULL,
      signature BLOB NOT NULL,
      PRIMARY KEY (scope, town)
    ) STRICT, WITHOUT ROWID;

    -- The latest statement of each member per scope.
    CREATE TABLE statement (
      member INTEGER NOT NULL,
      scope INTEGER NOT NULL,
      town INTEGER NOT NULL,
      position INTEGER NOT NULL,
      at INTEGER NOT NULL, -- seconds since 1970, as the member says
      software TEXT NOT NULL,
      statement BLOB NOT NULL,
      signature BLOB NOT NULL,
      PRIMARY KEY (member, scope, town)
    ) STRICT, WITHOUT ROWID;

    -- Invites that the hub gave out. The secret proves the joining town and is of no use afterwards.
    CREATE TABLE invite (
      name TEXT PRIMARY KEY,
      title TEXT NOT NULL,
      ags TEXT NOT NULL,
      secret BLOB NOT NULL, -- empty: withdrawn
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_by BLOB, -- the key that joined
      member INTEGER
    ) STRICT, WITHOUT ROWID;
    """
}
