// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The Unix account that gives a command.
package struct LocalPeer: Hashable, Sendable {
  package let user: UInt32
  /// Whether it is this process's own; else the kernel's word for who connected.
  package let isDirect: Bool

  package init(user: UInt32, isDirect: Bool) {
    (self.user, self.isDirect) = (user, isDirect)
  }

  /// Who runs this process.
  package static var own: LocalPeer { LocalPeer(user: getuid(), isDirect: true) }

  /// Its name; `nil` for an account that this machine, or the service's view of it, does not know.
  var name: String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return nil }
    return String(cString: name)
  }

  /// Whether it is believed for whom it acts: it could act as this process anyway.
  var isTrusted: Bool { isDirect || user == 0 || user == geteuid() }
}
