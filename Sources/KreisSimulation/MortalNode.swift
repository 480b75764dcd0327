// SPDX-License-Identifier: EUPL-1.2

import KreisStore

/// A process on a disk of its own, which may be killed or lose its power at any step and comes back.
protocol MortalNode: AnyObject {
  var world: World { get }
  var disk: Disk { get }
  var name: String { get }
  /// Milliseconds from an end to the next start, at most.
  var longestAbsence: Int { get }
  /// Open while the process runs.
  var store: Store? { get }

  func start() throws
  /// Drops all that only the process holds.
  func end()
}

extension MortalNode {
  /// The store did not open, or not as it must be.
  func failedToStart(_ error: StoreError) throws {
    if store != nil { return try failed(error) }
    judge(error, "\(name) does not start")
    if !disk.hasPower { disk.restore(world.random.next()) }
    world.plan(after: 5_000) { [self] in try start() }
  }

  /// Ends at once and comes back later.
  ///
  /// - Parameter isPowerCut: whether what was not synced is in danger; else only the process ends.
  func crash(isPowerCut: Bool) throws {
    guard store != nil else { return }
    let isPowerCut = isPowerCut || !disk.hasPower
    world.note("\(name) \(isPowerCut ? "loses power" : "is killed")")
    end()
    if isPowerCut { disk.restore(world.random.next()) } else { disk.kill() }
    world.plan(after: UInt64(world.random.within(200...longestAbsence))) { [self] in try start() }
  }

  /// The power will fail in the middle of an operation soon.
  func endanger() { disk.cutPower(after: world.random.below(60)) }

  /// The store failed. What it cannot explain ends the daemon, which is started anew.
  func failed(_ error: StoreError) throws {
    judge(error, name)
    try crash(isPowerCut: !disk.hasPower)
  }

  /// Without power anything may fail, and a full disk is no fault of the store's.
  private func judge(_ error: StoreError, _ what: String) {
    guard disk.hasPower else { return }
    if case .retryLater = error { return }
    world.violated(.soundness, "\(what): \(error)")
  }

  /// Whether the node ends at this step.
  func isStruck() throws -> Bool {
    guard world.random.chance(1) else { return false }
    if world.plan.has(.powerCut), world.random.chance(50) {
      world.count(Fault.powerCut.rawValue)
      endanger()
      return false
    }
    guard world.plan.has(.crash) else { return false }
    world.count(Fault.crash.rawValue)
    try crash(isPowerCut: false)
    return true
  }
}
