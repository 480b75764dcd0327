// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// A file that pages load.
package struct Asset: Sendable {
  package let path: String
  package let bytes: [UInt8]
  package let type: String
  /// Changes with the content, so that browsers may keep the file.
  package let address: String

  package init(_ path: String, _ bytes: [UInt8], _ type: String) {
    (self.path, self.bytes, self.type) = (path, bytes, type)
    address = "\(path)?\(Hash256(of: bytes).description.prefix(16))"
  }

  /// What all pages look like; a server adds what only its own need.
  package static func style(_ path: String, _ own: [UInt8]) -> Asset {
    Asset(path, PackageResources.base_css + own, "text/css; charset=utf-8")
  }

  package static let icon = Asset("/symbol.svg", PackageResources.symbol_svg, "image/svg+xml")
}
