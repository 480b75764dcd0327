// SPDX-License-Identifier: EUPL-1.2

/// What schema version 2 adds: recovery. Entries that stand beside the accepted chains, the authors'
/// signatures in a table of their own so that they outlive the feeds of one hub generation, and what
/// a replica must know of generations. And so that damage shows where it is read: a hash beside each
/// record, and sums over tables, which the fold that follows the migration fills. Entries need
/// nothing: their hash covers all of them.
enum Schema2 {
  static let sql = """
    -- The public half of the key that signs the own generation; NULL: not known yet.
    ALTER TABLE replica ADD COLUMN key BLOB CHECK (key IS NULL OR length(key) = 32);
    -- Grows with every commit that changes this table or the control entries.
    ALTER TABLE replica ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    -- The hub generation whose feeds the feed table holds; 0 before the first. Never falls.
    ALTER TABLE replica ADD COLUMN feed_generation INTEGER NOT NULL DEFAULT 0;
    -- At the hub: 1 while it collects from its members what it lost, and serves nobody.
    ALTER TABLE replica ADD COLUMN gathering INTEGER NOT NULL DEFAULT 0 CHECK (gathering IN (0, 1));
    -- At the hub: why it must not serve until its next generation is opened; NULL: it serves.
    ALTER TABLE replica ADD COLUMN halted TEXT;
    UPDATE replica SET feed_generation = CASE role
      WHEN 'hub' THEN generation
      ELSE coalesce((SELECT max(hub_generation) FROM feed_head), 0) END;

    -- Heads that their authors signed: where bundles can end. In a catch-up one signature covers
    -- several bundles, so not every row of a feed has its own.
    CREATE TABLE signature (
      log INTEGER NOT NULL,
      last INTEGER NOT NULL, -- the signed head's sequence
      signature BLOB NOT NULL,
      PRIMARY KEY (log, last)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO signature (log, last, signature)
      SELECT log, last, signature FROM feed WHERE signature IS NOT NULL;
    INSERT OR IGNORE INTO signature (log, last, signature)
      SELECT log, sequence, signature FROM log WHERE signature IS NOT NULL AND sequence > 0;
    ALTER TABLE feed DROP COLUMN signature;

    -- From now on `log.pushed` says for every log how far the feeds held here show it.
    UPDATE log SET pushed =
      max(pushed, coalesce((SELECT max(last) FROM feed WHERE feed.log = log.log), 0));

    -- Stretches of logs that stand beside the accepted chain, each up to a head that its author
    -- signed: own entries that the hub never accepted, until they are issued again; branches of a
    -- forked log and entries after a log's closing, as evidence and so that nothing is lost.
    CREATE TABLE branch (
      branch INTEGER PRIMARY KEY,
      log INTEGER NOT NULL,
      first INTEGER NOT NULL, -- its first entry's sequence
      last INTEGER NOT NULL,
      previous BLOB NOT NULL CHECK (length(previous) = 32), -- the header hash before the first
      hash BLOB NOT NULL CHECK (length(hash) = 32), -- the header hash of the last
      signature BLOB, -- the author's over the last; NULL: own entries that were never pushed
      reason TEXT NOT NULL CHECK (reason IN ('tail', 'fork', 'closed', 'issued')),
      size INTEGER NOT NULL, -- bytes of bodies and blocks, as they came
      offered INTEGER NOT NULL DEFAULT 0, -- 1: the hub has it
      UNIQUE (log, last, hash)
    ) STRICT;

    -- The entries of the branches. Destruction reaches them like all others.
    CREATE TABLE set_aside (
      branch INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      record INTEGER, -- NULL: a control entry
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      body BLOB NOT NULL,
      block BLOB,
      commitment BLOB,
      PRIMARY KEY (branch, sequence)
    ) STRICT;
    CREATE INDEX set_aside_of_record ON set_aside (record) WHERE record IS NOT NULL;

    -- Town: 1 from a restore until the hub's feed was read to its end, so that nobody is shown what
    -- was erased since the backup.
    ALTER TABLE replica ADD COLUMN restored INTEGER NOT NULL DEFAULT 0 CHECK (restored IN (0, 1));

    -- Sum of the hashes of the record's entries; with it a missing one shows.
    ALTER TABLE record ADD COLUMN entries BLOB;
    -- Hash over the record as it was folded, with its row in the directory table; NULL: an entry was
    -- damaged when it should have been folded, so the row is out of date.
    ALTER TABLE record ADD COLUMN seal BLOB;
    -- Whether the record has a row in the table of its kind.
    ALTER TABLE record ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;

    -- Counts and sums over whole tables: a row that a damaged page hides shows in them.
    CREATE TABLE tally (
      name TEXT PRIMARY KEY,
      count INTEGER NOT NULL,
      mark BLOB NOT NULL CHECK (length(mark) = 16)
    ) STRICT, WITHOUT ROWID;
    """
}
