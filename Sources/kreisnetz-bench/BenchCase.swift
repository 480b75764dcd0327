// SPDX-License-Identifier: EUPL-1.2

/// What can be measured.
enum BenchCase: String, CaseIterable {
  /// A new town takes everybody's organizations.
  case mergeRecords = "merge-records"
  /// A town takes changes of single fields.
  case mergeUpdates = "merge-updates"
  /// A local import: validated, logged, signed.
  case localImport = "import"
  /// Town to town through the hub.
  case endToEnd = "end-to-end"
  /// An edit in one town, durable in another.
  case latency
  /// Bytes of a catch-up.
  case wireCatchUp = "wire-catch-up"
  /// Bytes of one live edit, each hop.
  case wireLive = "wire-live"
  case disk
  case memory
  /// Very many idle towns that follow one hub.
  case followers
  /// From the start of a daemon with many entries until it is ready.
  case start
  case resync
  /// Processor and wake-ups of an idle daemon.
  case idle
  /// Pages of the console.
  case console
  /// Pages of the hub: of the Kreis, and for families.
  case hubPages = "hub-pages"

  /// The rates of a directory that grows and grows.
  case growth

  static let standard = Set(allCases).subtracting([.growth])

  /// Share a realm in which a directory was imported, passed on and changed.
  static let replicated: Set<BenchCase> = [
    .localImport, .mergeRecords, .mergeUpdates, .wireCatchUp, .disk, .memory, .resync, .idle,
    .console,
  ]
}
