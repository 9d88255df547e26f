import { Page } from "../ui";

export default function Here() {
  return <Page title="Home">{null}</Page>;
}
