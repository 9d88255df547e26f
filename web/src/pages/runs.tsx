import { Page } from "../ui";

export default function Here() {
  return <Page title="Runs">{null}</Page>;
}
