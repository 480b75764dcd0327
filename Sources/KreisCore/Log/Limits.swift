// SPDX-License-Identifier: EUPL-1.2

/// Limits of format version 1 (I5). They are part of the format: all are checked before the local
/// commit, so nothing an honest member committed can be refused later.
package enum Limits {
  /// Writes in one entry.
  package static let writes = 256
  /// Bases of all writes of one entry together.
  package static let bases = 1_024
  /// Bytes of a set's element.
  package static let element = 128
  /// Bytes of one value.
  package static let value = 65_536
  /// Bytes of one entry's salt and values.
  package static let block = 524_288
  /// Bytes of one entry's body.
  package static let body = 65_536
  /// Bytes of a control entry's content.
  package static let control = 32_768
  /// Entries of one bundle.
  package static let bundleEntries = 4_096
  /// Bytes of one bundle's bodies and blocks; the message around them adds a few per entry.
  package static let bundleBytes = 4_194_304
  /// Bytes of one message on the wire after decompression.
  package static let messageBytes = bundleBytes + bundleEntries * 64 + 65_536
  /// Heads of one register that the fold keeps; the lowest ranked beyond stay in the log alone.
  package static let heads = 64
  /// Sequences of a log and positions of a feed stay below.
  package static let positions: UInt64 = 1 << 40
  /// Seconds since 1970 that anybody states stay below: far from the end of every integer type that
  /// a time is kept or shown in.
  package static let time: UInt64 = 1 << 48
  /// Bytes of bodies and blocks that a hub keeps beside the accepted chain of one log.
  package static let asideBytes = 64 << 20
  /// Stretches that a hub keeps beside the accepted chain of one log.
  package static let asideBranches = 1_024
  /// Items of one feed chunk.
  package static let chunkItems = 4_096
}
