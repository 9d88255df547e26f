export { InstallPage as default } from "./pack";
