/** How the running uploads do, for the header: small, so that the queue itself can load later. */
class UploadStatus {
  active = $state(0)
  /** 0 to 1 over all bytes of the running uploads. */
  fraction = $state(0)
}
export const uploadStatus = new UploadStatus()
