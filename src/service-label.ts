/** The name by which launchd knows the daemon, unless another is configured: the LaunchAgent's label and its Mach service. */
export const SERVICE_LABEL = 'com.yourorg.codexpc';
