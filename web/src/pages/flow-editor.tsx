import { Page } from "../ui";

export default function Here() {
  return <Page title="Flow editor">{null}</Page>;
}
