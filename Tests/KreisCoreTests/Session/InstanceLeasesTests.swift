// SPDX-License-Identifier: EUPL-1.2

import Testing

@testable import KreisCore

@Suite struct `Instances of a member` {
  private let town = MemberID(7)!

  @Test func `exclude each other while one has an answer open`() {
    var leases = InstanceLeases()
    #expect(leases.open(1, of: town, 1, at: 0) == true)
    #expect(leases.open(2, of: town, 1, at: 1_000_000) == false)
    #expect(leases.admits(2, of: town, 1, at: 1_000_000) == false)
    #expect(leases.open(1, of: town, 1, at: 5) == true)
    leases.close(1, of: town, isPolling: false, at: 6)
    #expect(leases.admits(2, of: town, 1, at: 7) == false)
    leases.close(1, of: town, isPolling: false, at: 8)
    #expect(leases.open(2, of: town, 1, at: 8) == true)
  }

  @Test func `that poll are alive for a minute after each answer`() {
    var leases = InstanceLeases()
    #expect(leases.open(1, of: town, 1, at: 0) == true)
    leases.close(1, of: town, isPolling: true, at: 20)
    #expect(leases.admits(2, of: town, 1, at: 79) == false)
    #expect(leases.admits(1, of: town, 1, at: 79) == true)
    #expect(leases.open(2, of: town, 1, at: 80) == true)
    #expect(leases.admits(1, of: town, 1, at: 90) == false)
  }

  @Test func `that were granted a later key take the place of those before`() {
    var leases = InstanceLeases()
    #expect(leases.open(1, of: town, 1, at: 0) == true)
    #expect(leases.open(2, of: town, 2, at: 0) == true)
    leases.close(1, of: town, isPolling: false, at: 1)
    #expect(leases.admits(1, of: town, 1, at: 1) == false)
    #expect(leases.admits(3, of: town, 2, at: 1) == false)
  }

  @Test func `of other members, or that are not told, disturb nobody`() {
    var leases = InstanceLeases()
    #expect(leases.open(1, of: town, 1, at: 0) == true)
    #expect(leases.open(2, of: MemberID(8)!, 1, at: 0) == true)
    #expect(leases.admits(nil, of: town, 1, at: 0) == true)
    // A late end of an instance that is gone changes nothing.
    leases.close(9, of: town, isPolling: false, at: 1)
    #expect(leases.admits(2, of: town, 1, at: 1) == false)
  }
}
