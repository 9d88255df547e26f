import { Component, type ReactNode } from "react";
import { Button, Failure, Page } from "../ui";

/** Shows what went wrong in place of a page that failed, so that the rest of the pages lives on. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Page title="This page failed">
        <Failure error={this.state.error} />
        <div>
          <Button tone="primary" onClick={() => window.location.reload()}>
            Load the page again
          </Button>
        </div>
      </Page>
    );
  }
}
