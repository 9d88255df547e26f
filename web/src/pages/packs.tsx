import { Page } from "../ui";

export default function Here() {
  return <Page title="Packs">{null}</Page>;
}
